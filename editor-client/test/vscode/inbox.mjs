/**
 * Past runs are learned from, and a person answers in the inbox.
 * The assertions are in tests/end_to_end/test_evolution_editors.py.
 */
import { readFileSync } from "node:fs";
import { play, until, WAIT } from "./window.mjs";

await play(async (open) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Learn from Past Runs");
  await code.told("past runs gave");
  await code.page.locator(".tab.active", { hasText: "inbox.md" }).waitFor(WAIT);
  const lenses = code.page.locator(".codelens-decoration a");
  // Lenses that are out of view stay in the page, where they cannot be clicked.
  const lens = (title) => lenses.getByText(title, { exact: true }).locator("visible=true");
  await lens("Holdfast: Accept").first().waitFor(WAIT);
  await code.shot("inbox");
  const answered = (state) =>
    readFileSync(process.env.INBOX, "utf-8").includes(`"state": "${state}"`);
  await lens("Holdfast: Accept").first().click(WAIT);
  await until("the answer", () => answered("accepted"));
  // The next one of the group has come up, and the lenses are those of what waits now.
  await code.page.locator(".view-line", { hasText: /\(5\)/ }).first().waitFor(WAIT);
  await lens("Holdfast: Reject").first().click(WAIT);
  await until("the other answer", () => answered("rejected"));
  const count = () =>
    readFileSync(process.env.INBOX, "utf-8").split(`"state": "accepted"`).length - 1;
  await lens("Holdfast: Accept All of Group").first().click(WAIT);
  await until("the answer to the group", () => count() > 1);
  await code.shot("inbox-answered");
});
