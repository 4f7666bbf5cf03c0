/**
 * What is read first, in the language of the editor.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  seen.status = await code.status(/Holdfast: \S/);
  const welcome = code.page.locator(".welcome-view-content").first();
  await welcome.waitFor(WAIT);
  seen.welcome = await welcome.innerText();
  await code.command("Holdfast: Menü");
  await code.row(/\S/);
  seen.menu = await code.rows();
  await code.shot("language");
});
