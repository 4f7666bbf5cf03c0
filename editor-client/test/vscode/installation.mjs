/**
 * A machine without a server: it is offered, installed on a yes with what is fetched, and can be cancelled.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { existsSync, readdirSync } from "node:fs";
import { play, until, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.status("no server");
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  const install = code.page.locator(".welcome-view-content .monaco-button").first();
  await install.waitFor(WAIT);
  await code.shot("missing");
  seen.offered = await code.press("server", "Install");
  await code.told("installing version");
  seen.status = await code.status("installing");
  const { INSTALLED, VERSION } = process.env;
  const made = () => existsSync(`${INSTALLED}/${VERSION}/bin`);
  await until("the environment is begun", made);
  await code.press("installing version", "Cancel");
  await code.status("no server");
  seen.afterCancel = readdirSync(INSTALLED);
  await install.click(WAIT);
  const told = code.toast.filter({ hasText: /MB so far/ }).first();
  await told.waitFor({ timeout: 120_000 });
  seen.fetched = await told.innerText();
  await code.shot("installing");
  await code.status(/Holdfast\s*$/, { timeout: 240_000 });
  await code.command("Holdfast: Examine");
  seen.doctor = await code.text("Holdfast");
});
