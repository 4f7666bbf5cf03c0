/** Runs the programs that install the server: what they say line by line, and an end at once. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Command } from "./installation.js";

export interface Watch {
  readonly cwd: string;
  readonly milliseconds: number;
  readonly line: (line: string) => void;
  /** Ends it, with all that it started. */
  readonly signal: AbortSignal;
}

/** Fails with the last words of a program that fails, and with the reason of `signal` when that ended it. */
export async function runToEnd({ command, args }: Command, watch: Watch): Promise<void> {
  watch.signal.throwIfAborted();
  // A group of its own, since pip and uv start others.
  const child = spawn(command, args, {
    cwd: watch.cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = (): void => {
    endGroup(child.pid);
  };
  const late = setTimeout(end, watch.milliseconds);
  watch.signal.addEventListener("abort", end);
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      last = line.trim() === "" ? last : line.trim();
      watch.line(line);
    });
  }
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (...how) => {
        resolve(how);
      });
    });
    watch.signal.throwIfAborted();
    if (code !== 0) {
      throw new Error(`${[command, ...args].join(" ")}\n${last || (signal ?? String(code))}`);
    }
  } finally {
    clearTimeout(late);
    watch.signal.removeEventListener("abort", end);
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) {
      process.kill(-pid, "SIGKILL");
    }
  } catch {
    // It has ended meanwhile.
  }
}
