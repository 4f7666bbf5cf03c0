/**
 * A machine without a server: it is offered, and installed on a yes.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.status("no server");
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.page.locator(".welcome-view-content .monaco-button").first().waitFor(WAIT);
  await code.shot("missing");
  seen.offered = await code.press("server", "Install");
  await code.told("installing version");
  await code.status(/Holdfast\s*$/, { timeout: 120_000 });
  await code.command("Holdfast: Examine");
  seen.doctor = await code.text("Holdfast");
});
