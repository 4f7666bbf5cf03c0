/**
 * A draft of a skill, tried on past tasks, is read in the inbox, rejected by mistake, and accepted.
 * The assertions are in tests/end_to_end/test_evolution_editors.py.
 */
import { existsSync, readFileSync } from "node:fs";
import { play, until, WAIT } from "./window.mjs";

await play(async (open) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Draft Skills from Past Runs");
  await code.page.locator(".tab.active", { hasText: "inbox.md" }).waitFor(WAIT);
  const lenses = code.page.locator(".codelens-decoration a");
  // Lenses that are out of view stay in the page, where they cannot be clicked.
  const lens = (title) => lenses.getByText(title, { exact: true }).locator("visible=true");
  await lens("Holdfast: Accept").first().waitFor(WAIT);
  await code.shot("distill");
  const waits = () => readFileSync(process.env.INBOX, "utf-8").includes(`"state": "open"`);
  await lens("Holdfast: Reject").first().click(WAIT);
  await until("the rejection", () => !waits());
  await code.command("Holdfast: Take Back the Last Answer to a Suggestion");
  await code.told("waits again");
  await until("the draft to wait again", waits);
  await lens("Holdfast: Accept").first().waitFor(WAIT);
  await code.shot("distill-again");
  await lens("Holdfast: Accept").first().click(WAIT);
  await until("the skill", () => existsSync(process.env.SKILL));
  await code.open("SKILL.md");
  await code.shot("distill-accepted");
});
