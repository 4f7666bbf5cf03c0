/**
 * An edit at the cursor is made, taken back and kept; a symbol is explained; lines and an output of
 * the terminal come into the conversation. The assertions are in tests/end_to_end/test_vscode_inline.py.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { conversationOf } from "./conversation_page.mjs";
import { play, until, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  const { page } = code;
  // A browser asks a person before it lets the editor read the clipboard.
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const lens = (name) => page.locator(".codelens-decoration a", { hasText: name }).first();
  const cursorAt = async (text) => {
    await page
      .locator(".editor-instance .view-line span span", { hasText: text })
      .first()
      .click(WAIT);
  };
  await code.status(/Holdfast\s*$/);

  await code.open("answer.py");
  await cursorAt("return");
  await page.keyboard.press("Control+Alt+J");
  await code.answer("Say 42 here.");
  seen.edited = await code.text("return 42");
  await lens("Take Back").waitFor(WAIT);
  await page.locator(".editor-instance .view-overlays .cdr[class*=ced-]").first().waitFor(WAIT);
  await code.shot("inline-edit");
  seen.toasts = await code.toast.allInnerTexts();
  seen.tabs = await page.locator(".tab").allInnerTexts();
  await lens("Take Back").click(WAIT);
  seen.undone = await code.text("return 41");
  await lens("Give Back").click(WAIT);
  await code.text("return 42");
  await cursorAt("return");
  await page.keyboard.press("Control+Alt+Enter");
  await lens("Take Back").waitFor({ ...WAIT, state: "detached" });
  await lens("Give Back").waitFor({ ...WAIT, state: "detached" });
  seen.kept = await code.text("return 42");

  // What is no edit of this file is read, not made.
  await page.keyboard.press("Control+Alt+J");
  await code.answer("Write another file.");
  let talk = await conversationOf(page);
  await talk.text("Candidate");
  seen.other = await talk.labels();
  await code.shot("inline-other-file");

  await cursorAt("answer");
  await page.keyboard.press("Control+Alt+K");
  await talk.text("It is about answer.");
  await code.shot("inline-explained");

  await code.command("Show Editor Context Menu");
  const menu = page.locator(".monaco-menu .action-item", { hasText: "Holdfast" }).first();
  await menu.waitFor(WAIT);
  await menu.hover();
  await page
    .locator(".monaco-submenu .action-item", { hasText: "Edit with Holdfast" })
    .waitFor(WAIT);
  seen.menu = await page.locator(".monaco-submenu .action-item .action-label").allInnerTexts();
  await code.shot("inline-menu");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  await cursorAt("return");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Control+Alt+Shift+H");
  await page.waitForFunction(() => document.activeElement?.tagName === "IFRAME", undefined, WAIT);
  seen.mentioned = await talk.write.inputValue();
  await talk.write.fill("");

  await code.command("Terminal: Create New Terminal");
  await page.locator(".terminal-wrapper.active .xterm").waitFor(WAIT);
  await page.keyboard.type(`printf 'Trace''back: boom\\n'; touch printed\n`);
  const printed = path.join(process.env.PROJECT, "printed");
  await until("the command", () => {
    try {
      return readFileSync(printed) !== undefined;
    } catch {
      return false;
    }
  });
  await code.command("Terminal: Select All");
  await page.locator(".terminal-wrapper.active .xterm-screen").click({ button: "right" });
  const explain = page.locator(".monaco-menu .action-item", { hasText: "Explain with Holdfast" });
  await explain.first().hover(WAIT);
  await code.shot("inline-terminal-menu");
  // A click that comes soon after that of the menu counts as a part of it.
  await page.keyboard.press("Enter");
  talk = await conversationOf(page);
  await talk.text("It went off.");
  await code.shot("inline-terminal");
  seen.command = await talk.page.locator(".person").first().innerText();
});
