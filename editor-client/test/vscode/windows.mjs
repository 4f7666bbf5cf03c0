/**
 * Two windows on one folder, several folders in one window, and text without a file.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { permit } from "./conversation_page.mjs";
import { play, until, WAIT } from "./window.mjs";

const exists = (name) => existsSync(path.join(process.env.PROJECT, name));

await play(async (open, seen) => {
  // Several folders: the goals of all, and work in the right one.
  const both = await open(path.join(process.env.PROJECT, "both.code-workspace"));
  await both.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await both.page.locator(".pane-header", { hasText: "Goals" }).click(WAIT);
  for (const name of ["In one", "In two"]) {
    await both.page.locator(".monaco-list-row", { hasText: name }).first().waitFor(WAIT);
  }
  seen.goals = await both.page.locator(".monaco-list-row", { hasText: "In " }).allInnerTexts();
  seen.counted = await both.status("goals");
  await both.command("Holdfast: Work on a Goal");
  await both.choose("In two");
  await permit(both, "write made.txt");
  await both.told(/Made\./);
  seen.made = [exists("one/made.txt"), exists("two/made.txt")];
  await both.shot("folders");

  // A run in one window is seen in the other, which does not take it for interrupted.
  const first = await open();
  await first.status(/Holdfast\s*$/);
  await first.command("Holdfast: Work on a Task");
  await first.answer("Sleep.");
  await permit(first, "touch sleeping");
  await until("the command", () => exists("sleeping"));

  const second = await open();
  await second.status(/Holdfast\s*$/);
  await second.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  const listed = second.page.locator(".monaco-list-row", { hasText: "Sleep." }).first();
  await listed.waitFor(WAIT);
  seen.listed = await listed.innerText();
  seen.offers = await second.toast.filter({ hasText: "interrupted" }).count();

  // Text that has no file is no obstacle.
  await second.command("Create: New File");
  await second.choose("Text File");
  await second.page.locator(".tab.active", { hasText: "Untitled" }).waitFor(WAIT);
  await second.page.keyboard.type("TODO: nothing");
  await second.command("Holdfast: Work on a Task");
  await second.answer("Say hello.");
  await second.told(/Hello\./);
  await second.shot("windows");

  await first.page.bringToFront();
  await first.press("Holdfast: Sleep.", "Cancel");
  await first.told("stopped");
});
