/**
 * A folder that the person does not trust, and then does.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { readFileSync } from "node:fs";
import { play, until, WAIT } from "./window.mjs";

const starts = () => readFileSync(process.env.STARTS, "utf8").trim();

await play(async (open, seen) => {
  const code = await open();
  seen.restricted = await code.status("restricted");
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.page.locator(".pane-header", { hasText: "Goals" }).click(WAIT);
  const welcome = code.page.locator(".welcome-view-content", { hasText: "once you trust" });
  await welcome.nth(1).waitFor(WAIT);
  seen.welcomes = await welcome.allInnerTexts();
  await code.shot("restricted");
  seen.startsBefore = starts();

  await code.page.evaluate(() => (window.same = true));
  await welcome.first().locator(".monaco-button", { hasText: "Manage Trust" }).click(WAIT);
  await code.page
    .locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ })
    .click(WAIT);
  await until("a server", () => starts() !== "");
  seen.running = await code.status(/Holdfast\s*$/);
  seen.same = await code.page.evaluate(() => window.same === true);
});
