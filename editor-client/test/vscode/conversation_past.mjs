/**
 * Texts are completed and brought back, images pasted, conversations found again after a restart.
 * The assertions are in tests/end_to_end/test_vscode_conversation.py.
 */
import { conversationOf } from "./conversation_page.mjs";
import { play, WAIT } from "./window.mjs";

const THEMES = {
  dark: ["Dark Modern", "vscode-dark"],
  contrast: ["Dark High Contrast", "vscode-high-contrast"],
  light: ["Light High Contrast", "vscode-high-contrast-light"],
};
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

await play(async (open, seen) => {
  const code = await open();
  await code.page.setViewportSize({ width: 1280, height: 1000 });
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Open the Conversation");
  let talk = await conversationOf(code.page);

  // Files and commands are completed with the keyboard alone.
  await talk.write.pressSequentially("/rev");
  await talk.option("/review").waitFor(WAIT);
  await talk.write.press("Escape");
  await talk.write.fill("");
  await talk.write.pressSequentially("Look at @answ");
  await talk.option("answer.py").waitFor(WAIT);
  await code.shot("conversation-completes");
  await talk.write.press("Enter");
  seen.completed = await talk.write.inputValue();
  await talk.write.evaluate((field, data) => {
    const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
    const given = new DataTransfer();
    given.items.add(new File([bytes], "seen.png", { type: "image/png" }));
    given.items.add(new File(["%PDF"], "seen.pdf", { type: "application/pdf" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: given, bubbles: true }));
  }, PNG);
  await talk.page.locator(".chip", { hasText: "seen.png" }).waitFor(WAIT);
  seen.refused = await talk.page.locator(".chips [role=status]").innerText();
  await talk.write.press("Enter");
  await talk.state("finished");
  await talk.write.press("ArrowUp");
  seen.recalled = await talk.write.inputValue();
  await talk.write.fill("A draft");

  // A view that was hidden is as it was, the draft included.
  seen.before = await talk.labels();
  await code.page.locator(".activitybar .action-item a[aria-label^='Explorer']").click(WAIT);
  await code.gone("iframe.webview.ready");
  await code.command("Holdfast: Open the Conversation");
  talk = await conversationOf(code.page);
  await talk.state("finished");
  seen.shownAgain = await talk.labels();
  seen.draft = await talk.write.inputValue();

  // After a restart it is read from its journal.
  await code.page.reload();
  await code.page.waitForSelector(".monaco-workbench", WAIT);
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Open the Conversation");
  talk = await conversationOf(code.page);
  await talk.page.locator("#fresh").click(WAIT);
  await talk.write.fill("Another one.");
  await talk.write.press("Enter");
  await talk.state("finished");
  await talk.page.locator("#past").click(WAIT);
  const rows = talk.page.locator(".past-row");
  await rows.nth(1).waitFor(WAIT);
  await code.shot("conversation-past");
  seen.faults = await talk.faults();
  await talk.page.locator(".past input[type=search]").fill("look ANSWER");
  seen.found = await rows.allInnerTexts();
  await rows.first().locator("button[aria-label^='Rename']").click(WAIT);
  await rows.first().locator("input").fill("The first talk about the answer, look");
  await rows.first().locator("input").press("Enter");
  await rows.filter({ hasText: "The first talk" }).locator(".row").click(WAIT);
  await talk.page.locator("h1", { hasText: "The first talk" }).waitFor(WAIT);
  await talk.text("It is looked at.");
  seen.past = await talk.labels();

  // A click on a link opens a file of the workspace; other links do not work.
  await talk.page.locator(".link", { hasText: "passwords" }).click(WAIT);
  await code.told("there is no file");
  await talk.page.locator(".link", { hasText: "answer.py:2" }).first().click(WAIT);
  await code.page.locator(".tab.active", { hasText: "answer.py" }).waitFor(WAIT);
  await talk.page.locator(".link", { hasText: "a page" }).click(WAIT);
  const dialog = code.page.locator(".monaco-dialog-box");
  await dialog.waitFor(WAIT);
  seen.dialog = await dialog.innerText();
  await code.page.keyboard.press("Escape");

  await code.page.locator(".view-line").first().click(WAIT);
  for (const [name, [theme, kind]] of Object.entries(THEMES)) {
    await code.page.keyboard.press("Control+K");
    await code.page.keyboard.press("Control+T");
    await code.row(/Theme|Light|Dark/);
    await code.page.keyboard.type(theme);
    await code.choose(theme);
    await talk.page.locator(`body.${kind}`).waitFor(WAIT);
    await code.shot(`conversation-${name}`);
    seen.faults.push(...(await talk.faults()).map((fault) => `${name}: ${fault}`));
  }
  await code.page.setViewportSize({ width: 900, height: 800 });
  await code.shot("conversation-narrow");
  await code.command("Holdfast: Open the Conversation in an Editor");
  const other = await conversationOf(code.page, 1);
  await other.page.locator("#past").click(WAIT);
  await other.page.locator(".row", { hasText: "Another one." }).click(WAIT);
  await other.state("finished");
  await code.shot("conversation-editor");
  seen.faults.push(...(await other.faults()));

  // What is deleted is listed no more.
  await other.page.locator("#past").click(WAIT);
  await other.page.locator("button[aria-label='Delete “Another one.”']").click(WAIT);
  await dialog.locator(".monaco-button", { hasText: "Delete" }).click(WAIT);
  await other.page
    .locator(".past-row", { hasText: "Another one." })
    .waitFor({ ...WAIT, state: "detached" });
  seen.left = await other.page.locator(".past-row").count();
});
