/**
 * A person's own change is reviewed from the palette, and its finding stands on its line.
 * The assertions are in tests/end_to_end/test_review_editors.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);
  await code.open("half.py");
  await code.command("Holdfast: Review My Changes");
  await code.told("review: 1 finding");
  await code.page.locator(".squiggly-warning").first().waitFor(WAIT);
  await code.command("View: Toggle Problems");
  const problem = code.page.locator(".markers-panel .monaco-list-row", { hasText: "half drops" });
  await problem.first().waitFor(WAIT);
  seen.problem = await problem.first().innerText();
  seen.toasts = await code.toast.allInnerTexts();
  await code.shot("code-review");
});
