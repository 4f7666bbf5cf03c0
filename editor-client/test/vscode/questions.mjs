/**
 * Questions whose notifications were closed are answered from the view and the palette,
 * with the change beside them. The assertions are in tests/end_to_end/test_vscode.py.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { play, until, WAIT } from "./window.mjs";

const answer = () => readFileSync(path.join(process.env.PROJECT, "answer.py"), "utf8");

await play(async (open, seen) => {
  const code = await open();
  const added = code.page.locator(".modified .view-line", { hasText: "return 42" });
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.status(/Holdfast\s*$/);
  await code.open("answer.py");
  await code.command("Holdfast: Work on a Task");
  await code.answer("Ask twice.");

  // The change is beside what the person has open, and the notification has one line.
  await added.first().waitFor(WAIT);
  seen.kept = await code.page.locator(".tab.active", { hasText: /^answer\.py$/ }).count();
  await code.shot("question");
  seen.asked = await code.dismiss("edit answer.py");
  await code.status("waits for you");
  await code.command("Holdfast: Resume a Run");
  await code.told("“Ask twice.” is at work");
  const row = code.page.locator(".monaco-list-row", { hasText: /^edit answer\.py$/ }).last();
  await row.hover();
  seen.before = answer();
  await row.locator(".action-label[aria-label^='Approve Once']").click(WAIT);
  // VS Code empties a file before it writes it.
  await until("the edit", () => ![seen.before, ""].includes(answer()));
  seen.after = answer();

  // The second one is a new file; it is denied.
  await code.page.locator(".modified .view-line", { hasText: "Read me" }).first().waitFor(WAIT);
  seen.asked2 = await code.dismiss("write README.md");
  await code.command("Holdfast: Answer a Question");
  await code.row("Deny");
  await code.shot("answer");
  await code.choose("Deny");
  await code.answer("There is one already.");
  await code.told("Asked twice");
  await code.page.waitForFunction(
    () => ![...document.querySelectorAll(".tab")].some((tab) => tab.innerText.includes("↔")),
    undefined,
    WAIT,
  );
  seen.tabs = await code.page.locator(".tab").allInnerTexts();
});
