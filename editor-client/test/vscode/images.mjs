/**
 * A run is started with an image of the explorer, from its context menu.
 * The assertions are in tests/end_to_end/test_image_editors.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.status(/Holdfast\s*$/);
  await code.page.locator(".activitybar .action-item a[aria-label^='Explorer']").click(WAIT);
  const rows = code.page.locator(".explorer-folders-view .monaco-list-row");
  await rows
    .filter({ hasText: "notes.txt" })
    .first()
    .click({ ...WAIT, button: "right" });
  const menu = code.page.locator(".monaco-menu .action-label");
  await menu.first().waitFor(WAIT);
  seen.ofText = await menu.allInnerTexts();
  await code.page.keyboard.press("Escape");
  await rows
    .filter({ hasText: "mock.png" })
    .first()
    .click({ ...WAIT, button: "right" });
  // A click that comes soon after the menu opened is taken for the end of the one that opened it.
  await menu.filter({ hasText: "Start a Run with an Image" }).first().hover(WAIT);
  await code.page.keyboard.press("Enter");
  await code.answer("Build this page.");
  await code.told("It is built");
});
