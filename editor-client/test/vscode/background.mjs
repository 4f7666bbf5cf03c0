/**
 * The window is made anew in the middle of a run, which goes on in the background.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { permit } from "./conversation_page.mjs";
import { play, until } from "./window.mjs";

const fronts = () => readFileSync(process.env.STARTS, "utf8").trim().split("\n");
const inProject = (name) => path.join(process.env.PROJECT, name);

await play(async (open, seen) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Work on a Task");
  await code.answer("Wait.");
  await permit(code, "touch begun");
  await until("the command", () => existsSync(inProject("begun")));

  await code.command("Developer: Reload Window");
  await until("the next window", () => new Set(fronts()).size === 2);
  seen.status = await code.status("step 1");
  await code.shot("background");
  writeFileSync(inProject("go"), "");
  await code.told("It went on");
  seen.fronts = new Set(fronts()).size;
});
