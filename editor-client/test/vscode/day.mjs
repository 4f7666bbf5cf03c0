/**
 * A day with Holdfast in real VS Code: a goal, a run, a permission, candidates, undo,
 * a cancelled run. Notes what it saw; the assertions are in tests/end_to_end/test_vscode.py.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { permit } from "./conversation_page.mjs";
import { play, until, WAIT } from "./window.mjs";

const file = (name) => readFileSync(path.join(process.env.PROJECT, name), "utf8");
const starts = () => readFileSync(process.env.STARTS, "utf8").trim().split("\n").length;

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  seen.idle = await code.status(/Holdfast\s*$/);

  // The key of the endpoint, kept by the editor.
  await code.command("Holdfast: Set the API Key");
  await code.answer(process.env.KEY);
  await until("a server with the key", () => starts() === 2);
  await code.status(/Holdfast\s*$/);

  // A goal with a check. It is not shown to hold, and that is a problem on its line.
  await code.command("Holdfast: New Goal");
  await code.answer("The answer is 42 🙂");
  await code.answer("grep -q 'return 42' answer.py");
  await code.answer("there is an answer");
  await code.answer("test -e answer.py");
  await code.answer("");
  await code.page.locator(".tab.active", { hasText: "goals.md" }).waitFor(WAIT);
  seen.counted = await code.status(/0\/1 goal\s*$/);
  await code.command("Holdfast: Check Goals Now");
  await code.told("1 unmet");
  await code.page.locator(".squiggly-warning").first().waitFor(WAIT);
  await code.shot("goal");

  // The agent works on it and has to ask.
  await code.command("Holdfast: Work on a Goal");
  await code.choose("The answer is 42");
  seen.waiting = await code.status("waits for you");
  seen.warns = await code.warns();
  await code.page.locator(".modified .view-line", { hasText: "return 42" }).first().waitFor(WAIT);
  await code.shot("permission");
  seen.asked = await permit(code, "edit answer.py");
  // The run says its last step until it has ended.
  seen.met = await code.status(/1\/1 goal\s*$/);
  await code.gone(".squiggly-warning");
  seen.answer = file("answer.py");
  await code.page.locator(".monaco-list-row", { hasText: "achieved" }).first().waitFor(WAIT);
  await code.shot("met");

  // What another language server found is offered and can be read by the agent.
  await code.open("broken.json");
  await code.page.locator(".squiggly-error").first().waitFor(WAIT);
  await code.page.locator(".view-line", { hasText: /^}$/ }).first().click();
  await code.page.keyboard.press("Home");
  await code.page.keyboard.press("Control+.");
  const fix = code.page.locator(".action-widget .monaco-list-row", {
    hasText: "Fix with Holdfast",
  });
  await fix.first().waitFor(WAIT);
  seen.fix = await fix.first().innerText();
  await fix.first().click();
  await code.told("broken.json is looked at");

  // Candidates of one step, compared as diffs; the second one is accepted.
  await code.open("answer.py");
  await code.command("Holdfast: Propose Several Changes");
  await code.answer("Say what the answer is.");
  await code.answer("3");
  await code.page.locator(".tab.active", { hasText: "proposals.md" }).waitFor(WAIT);
  await code.command("Holdfast: Compare Candidates");
  await code.row("recommended");
  seen.candidates = await code.rows();
  await code.page.locator(".tab.active", { hasText: "candidate 1" }).waitFor(WAIT);
  await code.page.keyboard.press("ArrowDown");
  await code.page.locator(".tab.active", { hasText: "candidate 2" }).waitFor(WAIT);
  await code.page.locator(".modified .view-line", { hasText: "# number 1" }).first().waitFor(WAIT);
  await code.shot("candidates");
  seen.untouched = file("answer.py");
  await code.page.keyboard.press("Enter");
  await permit(code, "edit answer.py");
  await code.told("edited answer.py");
  await code.open("answer.py");
  seen.accepted = await code.text("# number 1");

  // One command takes the run back.
  await code.command("Holdfast: Take Back a Run");
  await code.choose("Say what the answer is");
  await code.confirm("Take Back");
  await code.told("1 file is as it was before the run");
  seen.undone = await code.text("# 🙂");

  // What is known of the code, and of what was done.
  await code.command("Holdfast: Search Memory");
  await code.type("seven and a half million years");
  await code.row("answer.py");
  seen.hits = await code.rows();
  await code.shot("memory");
  await code.page.keyboard.press("Enter");
  await code.page.locator(".tab.active", { hasText: "answer.py" }).waitFor(WAIT);

  // A run that takes too long is cancelled where its progress is shown.
  await code.command("Holdfast: Work on a Task");
  await code.answer("Sleep.");
  await permit(code, "touch sleeping");
  await until("the command", () => existsSync(path.join(process.env.PROJECT, "sleeping")));
  await code.shot("cancel");
  const before = Date.now();
  await code.press("Holdfast: Sleep.", "Cancel");
  await code.told("stopped");
  seen.stopMilliseconds = Date.now() - before;
  await code.page.locator(".monaco-list-row", { hasText: "stopped" }).first().waitFor(WAIT);
  seen.end = await code.status("goal");

  await code.clickStatus();
  await code.row("Work on a Task");
  seen.menu = await code.rows();
  await code.shot("menu");
});
