/**
 * A newcomer's first day: no model, one is chosen, a task that was not lost goes on, is read, steered,
 * answered, reviewed by hunk, and found again after a restart.
 * The assertions are in tests/end_to_end/test_vscode_first_day.py.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { conversationOf } from "./conversation_page.mjs";
import { play, until, WAIT } from "./window.mjs";

const THEMES = {
  dark: ["Dark Modern", "vscode-dark"],
  contrast: ["Dark High Contrast", "vscode-high-contrast"],
  light: ["Light Modern", "vscode-light"],
};
const LONG = { timeout: 60_000 };

const text = (name) => readFileSync(path.join(process.env.PROJECT, name), "utf8");

await play(async (open, seen) => {
  const code = await open();
  const { page } = code;
  await page.setViewportSize({ width: 1280, height: 900 });
  await code.status(/Holdfast\s*$/);
  seen.faults = [];

  // A task is typed before there is a model. It is kept, and says what is missing.
  await code.command("Holdfast: Open the Conversation");
  let talk = await conversationOf(page);
  await code.shot("first-day-1-newcomer");
  await talk.write.fill("Set the poem in capitals and make the answer right.");
  await talk.write.press("Enter");
  await talk.state("failed");
  seen.without = await talk.page.locator(".end").first().innerText();
  await code.shot("first-day-2-no-model");
  seen.faults.push(...(await talk.faults()));

  await talk.page.locator(".end button", { hasText: "Choose a Model" }).click(WAIT);
  await code.choose("Another address");
  await code.answer(process.env.ADDRESS);
  await page.locator(".quick-input-title", { hasText: "API Key" }).waitFor(WAIT);
  await page.keyboard.press("Enter");
  await code.choose("scripted");
  await code.told("runs use scripted now");
  await code.shot("first-day-3-model");

  await talk.page.locator(".end button", { hasText: "Resume" }).click(WAIT);
  await talk.text("What I see");
  await code.shot("first-day-4-streams");
  await talk.write.fill("Keep the docstring.");
  await talk.write.press("Enter");
  // It waits for the end of a step, or has been read already.
  const steers = talk.page.locator(".person", { hasText: "Keep the docstring." });
  await steers.waitFor(WAIT);
  await code.shot("first-day-5-steered");

  // One question about all edits, beside their differences.
  const question = talk.page.locator(".question[data-state=open]");
  await question.waitFor(LONG);
  seen.question = await question.innerText();
  seen.read = await steers.innerText();
  await page.locator(".tab", { hasText: "answer.py" }).first().waitFor(WAIT);
  await page.locator(".tab", { hasText: "poem.txt" }).first().waitFor(WAIT);
  await code.shot("first-day-6-question");
  seen.faults.push(...(await talk.faults()));
  seen.before = text("poem.txt");
  await page.keyboard.press("Control+Alt+Enter");

  // It asks in words, and goes on with the answer.
  const asks = talk.page.locator(".end .reply textarea");
  await asks.waitFor(LONG);
  await code.shot("first-day-7-asks");
  await asks.fill("The first one.");
  await asks.press("Enter");
  await talk.text("All is as you said.");
  await talk.page.locator(".end button", { hasText: "Review" }).last().waitFor(LONG);
  seen.labels = await talk.labels();
  await code.shot("first-day-8-end");

  await talk.page.locator(".end button", { hasText: "Review" }).last().click(WAIT);
  await page.locator(".multiDiffEntry").nth(1).waitFor(WAIT);
  const changes = page.locator(".pane", {
    has: page.locator(".pane-header", { hasText: "Changes" }),
  });
  const row = (what) => changes.locator(".monaco-list-row", { hasText: what }).first();
  await row("Line 9").waitFor(WAIT);
  await code.shot("first-day-9-review");
  await row("Line 9").hover();
  await row("Line 9").locator('.action-label[aria-label^="Take Back"]').click(WAIT);
  await until("the hunk goes back", () => text("poem.txt").includes("\nnine\n"));
  await row("taken back").waitFor(WAIT);
  seen.undone = text("poem.txt");
  await code.shot("first-day-10-hunk");

  // After a restart all is read from its journal, the subagent within it.
  await page.reload();
  await page.waitForSelector(".monaco-workbench", WAIT);
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: New Conversation");
  talk = await conversationOf(page);
  await talk.page.locator("#past").click(WAIT);
  await talk.page.locator(".past-row button").first().waitFor(WAIT);
  await code.shot("first-day-11-past");
  seen.faults.push(...(await talk.faults()));
  await talk.page
    .locator(".past-row", { hasText: "Set the poem" })
    .locator("button")
    .first()
    .click(WAIT);
  await talk.text("All is as you said.");
  await talk.text("The poem has nine lines.");
  seen.again = await talk.labels();

  for (const [name, [theme, kind]] of Object.entries(THEMES)) {
    await page.keyboard.press("Control+K");
    await page.keyboard.press("Control+T");
    await code.row(/Theme|Light|Dark/);
    await page.keyboard.type(theme);
    await code.choose(theme);
    await talk.page.locator(`body.${kind}`).waitFor(WAIT);
    await code.shot(`first-day-12-${name}`);
    seen.faults.push(...(await talk.faults()));
  }
  await page.setViewportSize({ width: 900, height: 900 });
  await code.shot("first-day-13-narrow");
  const area = talk.page.locator(".area");
  seen.wider = await area.evaluate(
    (shown) =>
      [...shown.querySelectorAll(".block")].filter((each) => each.scrollWidth > shown.clientWidth)
        .length,
  );
});
