/**
 * What a run changed is reviewed by file and hunk; one hunk is taken back and given back.
 * The assertions are in tests/end_to_end/test_review_editors.py.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { play, until, WAIT } from "./window.mjs";

const file = (name) => path.join(process.env.PROJECT, name);
const text = (name) => readFileSync(file(name), "utf8");

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.status(/Holdfast\s*$/);
  const pane = code.page.locator(".pane", {
    has: code.page.locator(".pane-header", { hasText: "Changes" }),
  });
  const row = (what) => pane.locator(".monaco-list-row", { hasText: what }).first();
  const press = async (what, action) => {
    await row(what).hover();
    await row(what).locator(`.action-label[aria-label^="${action}"]`).click(WAIT);
  };

  await code.command("Holdfast: Work on a Task");
  await code.answer("Change three files.");
  seen.ended = await code.press("files changed", "Review");
  await code.page
    .locator(".tab.active", { hasText: "Changes of Change three files" })
    .waitFor(WAIT);
  await code.page.locator(".multiDiffEntry").nth(2).waitFor(WAIT);
  await row("Line 3").waitFor(WAIT);
  seen.rows = await pane.locator(".monaco-list-row").allInnerTexts();
  seen.labels = await pane
    .locator(".monaco-list-row")
    .evaluateAll((rows) => rows.map((each) => each.getAttribute("aria-label")));
  await code.shot("review");

  await press("Line 3", "Take Back");
  await until("the hunk goes back", () => text("poem.txt").includes("\nthree\n"));
  await row("taken back").waitFor(WAIT);
  seen.undone = text("poem.txt");
  await code.shot("review-hunk");
  await press("taken back", "Keep");
  await until("the hunk comes again", () => text("poem.txt").includes("\nTHREE\n"));

  await press("made.txt", "Take Back");
  await until("the file goes", () => !existsSync(file("made.txt")));

  await row("Line 3").click(WAIT);
  await code.page.locator(".tab.active", { hasText: "poem.txt" }).waitFor(WAIT);
  await code.page.locator(".modified .view-line", { hasText: "THREE" }).first().waitFor(WAIT);
  await code.shot("review-diff");

  await code.command("Holdfast: Take Back a Run");
  seen.asked = await code.confirm("Take Back");
  await code.told("as they were before the run");
  await until("the run goes back", () => text("poem.txt").includes("three"));
  await pane.locator(".monaco-list-row", { hasText: "taken back" }).nth(3).waitFor(WAIT);
  seen.poem = text("poem.txt");
  await code.page.evaluate(() => (window.same = true));
  await code.command("Holdfast: Keep All Changes");
  await until("the run comes again", () => text("poem.txt").includes("THREE"));
  seen.again = text("poem.txt");
  seen.made = existsSync(file("made.txt"));

  // VS Code would restore the tab of a review without what was in it.
  const left = code.page.locator(".tab", { hasText: "Changes of" });
  seen.tabs = await left.count();
  await code.command("Developer: Reload Window");
  await code.page.waitForFunction(() => window.same !== true, undefined, WAIT);
  await code.status(/Holdfast\s*$/);
  await left.first().waitFor({ ...WAIT, state: "detached" });
  await code.shot("review-reloaded");
});
