/**
 * Attempts and subagents are rows below their run while they work.
 * The assertions are in tests/end_to_end/test_children_editors.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.status(/Holdfast\s*$/);
  const row = (text) => code.page.locator(".pane-body .monaco-list-row", { hasText: text }).first();
  const opened = code.page.locator(".pane-header[aria-expanded=true]", { hasText: "Conversation" });
  /** Rows that have no room are not drawn, and the conversation of a run opens with it. */
  const makeRoom = () => opened.first().click(WAIT);
  const shown = async (name, ...rows) => {
    for (const text of rows) {
      await row(text).waitFor(WAIT);
    }
    await code.shot(name);
    return code.page.locator(".pane-body .monaco-list-row").allInnerTexts();
  };

  await code.command("Holdfast: Work on a Task");
  await code.answer("Share it out.");
  await code.status("2 subagents");
  await makeRoom();
  seen.subagents = await shown("subagents", "alpha", "beta", /touch (alpha|beta)/);
  await code.command("Holdfast: Stop a Run");
  await code.status(/Holdfast\s*$/);

  await code.command("Holdfast: Make Several Attempts at a Task…");
  await code.answer("Renew it.");
  await code.answer("2");
  await code.status("2 attempts");
  await makeRoom();
  seen.attempts = await shown("attempts", "Attempt 1", "Attempt 2", "touch first");
  await code.command("Holdfast: Stop a Run");
  await code.status(/Holdfast\s*$/);
});
