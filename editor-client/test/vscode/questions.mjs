/**
 * A question that is seen on its card comes as a notification once the card is hidden. It is
 * answered from the view and the palette then, with the change beside it; a notification that
 * stays says so when it is pressed. The assertions are in tests/end_to_end/test_vscode.py.
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
  /** Waits for the card of a question; how many notifications ask it, too. */
  const onCard = async (text) => {
    const talk = await conversationOf(code.page);
    await talk.page.locator(".question[data-state=open]", { hasText: text }).waitFor(WAIT);
    // As long as one waits for a card that does not come.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return code.toast.filter({ hasText: text }).filter({ hasText: "Deny" }).count();
  };
  const added = code.page.locator(".modified .view-line", { hasText: "return 42" });
  await place("Holdfast");
  await code.status(/Holdfast\s*$/);
  await code.open("answer.py");
  await code.command("Holdfast: Work on a Task");
  await code.answer("Ask twice.");

  // The change is beside what the person has open, and the notification has one line.
  await added.first().waitFor(WAIT);
  seen.kept = await code.page.locator(".tab.active", { hasText: /^answer\.py$/ }).count();
  await code.shot("question");
  seen.beside = await onCard("edit answer.py");
  await place("Explorer");
  const stale = code.toast.filter({ hasText: "edit answer.py" }).filter({ hasText: "Deny" });
  await stale.first().waitFor(WAIT);
  seen.asked = await stale.first().locator(".notification-list-item-message").innerText();
  await place("Holdfast");
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

  // Its notification is pressed too late, where it cannot hide.
  await code.command("Notifications: Show Notifications");
  await code.press("edit answer.py", "Deny");
  await code.told("answered already");
  seen.late = answer();
  await code.command("Notifications: Hide Notifications");

  // The second one is a new file; it is denied.
  await code.page.locator(".modified .view-line", { hasText: "Read me" }).first().waitFor(WAIT);
  seen.beside += await onCard("write README.md");
  await place("Explorer");
  await code.dismiss("write README.md");
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
