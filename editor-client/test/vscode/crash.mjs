/**
 * The server is killed in the middle of a run, then again, and again: once it is started
 * anew and the run is offered, then there is one message and peace.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { permit } from "./conversation_page.mjs";
import { play, until } from "./window.mjs";

const starts = () => readFileSync(process.env.STARTS, "utf8").trim().split("\n").map(Number);
const kill = () => process.kill(starts().at(-1), "SIGKILL");
const exists = (name) => existsSync(path.join(process.env.PROJECT, name));

await play(async (open, seen) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);

  await code.command("Holdfast: Work on a Task");
  await code.answer("Sleep twice.");
  await permit(code, "touch first");
  await until("the command", () => exists("first"));
  kill();
  seen.offered = await code.press("was interrupted", "Resume");
  seen.startsAfterOne = starts().length;
  await code.shot("resume");
  await permit(code, "touch second");
  await until("the second command", () => exists("second"));

  kill();
  await code.status("stopped");
  // Where nothing can hide: the list of all messages.
  await code.command("Notifications: Show Notifications");
  await code.told("ended twice");
  // Time for a storm.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  seen.startsAfterTwo = starts().length;
  seen.messages = await code.toast
    .filter({ hasText: /ended|crash|connection|restart|running|permission/i })
    .count();
  await code.shot("crash");
  await code.press("ended twice", "Restart");
  await code.press("was interrupted", "Resume");
  await code.told("Slept twice");
  seen.startsAtTheEnd = starts().length;
});
