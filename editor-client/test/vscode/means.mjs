/**
 * A machine with nothing that could install a server: that is said, and how to mend it.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.press("was not found", "Install");
  seen.told = await code.press("has neither", "Show How");
  await code.page.locator(".getting-started-step", { hasText: "Install the server" }).waitFor(WAIT);
  await code.shot("means");
});
