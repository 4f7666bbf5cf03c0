/**
 * What the person and the project bring is seen in a view, and trusted from there.
 * The assertions are in tests/end_to_end/test_server_tools.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  const holdfast = code.page.locator(".activitybar .action-item:has(a[aria-label^='Holdfast'])");
  await holdfast.locator("a").first().click(WAIT);
  await code.status(/Holdfast\s*$/);
  await holdfast.locator(".badge-content", { hasText: "2" }).waitFor(WAIT);
  await code.page.locator(".pane-header", { hasText: "Extensions" }).click(WAIT);
  const tree = code.page.locator(".pane", {
    has: code.page.locator(".pane-header", { hasText: "Extensions" }),
  });
  const row = (text) => tree.locator(".monaco-list-row", { hasText: text }).first();
  await row("deploy").waitFor(WAIT);
  seen.before = await tree.locator(".monaco-list-row").allInnerTexts();

  await code.command("Holdfast: Work on a Task");
  await code.answer("Say it again.");
  await code.status("waits for you");
  await code.command("Holdfast: Answer a Question");
  await code.choose("Approve once");
  await code.told("It said so");
  await row("connected · 2 tools").waitFor(WAIT);

  await row("deploy").click(WAIT);
  await code.text("Ship it");
  seen.asked = await code.press("deploy", "Trust");
  await tree.locator(".monaco-list-row .codicon-check").first().waitFor(WAIT);
  await code.shot("extensions");
  seen.after = await tree.locator(".monaco-list-row").allInnerTexts();
  await row("deploy").click(WAIT);
  await code.page.locator(".tab.active", { hasText: "SKILL.md" }).waitFor(WAIT);
});
