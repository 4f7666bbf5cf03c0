import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runToEnd } from "../../src/installer.js";

const sh = (script: string) => ({ command: "sh", args: ["-c", script] });

function watched(milliseconds = 60_000) {
  const ending = new AbortController();
  const lines: string[] = [];
  const watch = {
    cwd: mkdtempSync(path.join(tmpdir(), "holdfast-installer-")),
    milliseconds,
    line: (line: string) => lines.push(line),
    signal: ending.signal,
  };
  return { ending, lines, watch };
}

test("what it says arrives line by line, of both streams", async () => {
  const { lines, watch } = watched();
  await runToEnd(sh("echo one; echo two >&2"), watch);
  assert.deepEqual([...lines].sort(), ["one", "two"]);
});

test("a failure ends with the last words of the program", async () => {
  const { watch } = watched();
  await assert.rejects(runToEnd(sh("echo no space left >&2; exit 3"), watch), /\nno space left$/);
});

test("a program that is not there is a failure", async () => {
  const { watch } = watched();
  await assert.rejects(runToEnd({ command: "/nothing/here", args: [] }, watch), /ENOENT/);
});

test("cancelled, it ends with what it started", async () => {
  const { ending, watch } = watched();
  const script = "sleep 300 & echo $! > child; wait";
  const done = runToEnd(sh(script), { ...watch, line: () => undefined });
  const child = path.join(watch.cwd, "child");
  while (!existsSync(child) || readFileSync(child, "utf8") === "") {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  ending.abort();
  await assert.rejects(done, { name: "AbortError" });
  const pid = Number(readFileSync(child, "utf8"));
  assert.equal(alive(pid), false, "its child is gone, too");
});

test("cancelled before, it does not begin", async () => {
  const { ending, lines, watch } = watched();
  ending.abort();
  await assert.rejects(runToEnd(sh("echo one"), watch), { name: "AbortError" });
  assert.deepEqual(lines, []);
});

test("it ends when it takes too long", async () => {
  const { watch } = watched(50);
  await assert.rejects(runToEnd(sh("sleep 300"), watch), /SIGKILL/);
});

/** Whether it runs: one that nobody has collected yet is dead, too. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  } catch {
    return false;
  }
}
