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
  const lens = (title) => code.page.locator(".codelens-decoration a", { hasText: title }).first();
  await lens("Accept").waitFor(WAIT);
  await code.shot("inbox");
  const answered = (state) =>
    readFileSync(process.env.INBOX, "utf-8").includes(`"state": "${state}"`);
  await lens("Accept").click(WAIT);
  await until("the answer", () => answered("accepted"));
  await code.page.locator(".codelens-decoration a", { hasText: "Reject" }).nth(1).click(WAIT);
  await until("the other answer", () => answered("rejected"));
  await code.shot("inbox-answered");
});
