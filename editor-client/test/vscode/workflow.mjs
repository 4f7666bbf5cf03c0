/**
 * A workflow is trusted, run from the palette, and seen as a tree while it works.
 * The assertions are in tests/end_to_end/test_workflow_editors.py.
 */
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { play, until, WAIT } from "./window.mjs";

const file = (name) => path.join(process.env.PROJECT, name);

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.status(/Holdfast\s*$/);
  const tree = code.page.locator(".pane", {
    has: code.page.locator(".pane-header", { hasText: "Runs" }),
  });
  const row = (text) => tree.locator(".monaco-list-row", { hasText: text }).first();
  const rows = () => tree.locator(".monaco-list-row").allInnerTexts();
  // Only rows in sight are in the page, and the conversation leaves room for few.
  await code.page.locator(".pane-header", { hasText: "Conversation" }).click(WAIT);

  await code.command("Holdfast: Run a Workflow");
  await code.row("release");
  seen.listed = await code.rows();
  await code.choose("release");
  seen.asked = await code.press("release", "Trust");

  await code.command("Holdfast: Run a Workflow");
  await code.choose("4 nodes");
  await until("the one in the middle", () => existsSync(file("waits.log")));
  await row(/1 of 4 nodes done; at work: Make the client retry/).waitFor(WAIT);
  seen.running = await rows();
  await code.shot("workflow");

  writeFileSync(file("go"), "");
  await code.told("4 of 4 nodes done");
  await row("4 of 4 nodes done").waitFor(WAIT);
  seen.done = await rows();
  await code.shot("workflow-done");
  await row("Make the client retry").click(WAIT);
  await code.page.locator(".tab.active", { hasText: "transcript.md" }).waitFor(WAIT);
  seen.transcript = await code.text("Make the client retry");
});
