/**
 * A run that ends with a question is answered from its notification and goes on; its question
 * of permission goes once its mode is switched. The assertions are in
 * tests/end_to_end/test_vscode.py.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { conversationOf } from "./conversation_page.mjs";
import { play, until, WAIT } from "./window.mjs";

const answer = () => readFileSync(path.join(process.env.PROJECT, "answer.py"), "utf8");

await play(async (open, seen) => {
  const code = await open();
  const place = (name) =>
    code.page.locator(`.activitybar .action-item a[aria-label^='${name}']`).click(WAIT);
  const row = code.page.locator(".monaco-list-row[aria-label^='Correct one of them']").first();
  await place("Holdfast");
  await code.status(/Holdfast\s*$/);
  await place("Explorer");
  await code.open("answer.py");
  await code.command("Holdfast: Work on a Task");
  await code.answer("Correct one of them.");
  // Its conversation opens; where it is not seen any more, notifications ask.
  const talk = await conversationOf(code.page);
  await talk.page.locator(".question[data-state=open]", { hasText: "sh -c true" }).waitFor(WAIT);
  seen.writes = await code.page.evaluate(
    () => document.activeElement.closest(".editor-instance") !== null,
  );
  seen.open = await row.getAttribute("aria-expanded");
  await code.shot("begun");
  await place("Explorer");
  await code.press("sh -c true", "Approve once");
  await code.told("Which of them do you mean?");
  await code.shot("asks");
  await place("Holdfast");
  // A view that was hidden shows for a moment what it showed before.
  const ended = code.page.locator(".monaco-list-row[aria-label*='blocked']").first();
  await ended.waitFor(WAIT);
  seen.row = await ended.getAttribute("aria-label");
  seen.asked = await code.press("Which of them do you mean?", "Answer…");
  await code.answer("The first.");

  await code.status("waits for you");
  const progress = code.toast.filter({ hasText: "Cancel" });
  await progress.first().waitFor({ ...WAIT, state: "detached" });
  seen.beside = await progress.count();
  seen.before = answer();
  await code.command("Holdfast: Switch What a Run May Do Without Asking");
  await code.row("Edit, and ask before commands");
  await code.shot("mode");
  await code.choose("Edit, and ask before commands");
  // VS Code empties a file before it writes it.
  await until("the edit", () => ![seen.before, ""].includes(answer()));
  seen.after = answer();
  await code.told("It is 42 now.");

  // One that has ended is told more, and goes on.
  await code.command("Holdfast: Tell a Run");
  await code.answer("Thank you.");
  await code.told("You are welcome.");
  await code.shot("told");
});
