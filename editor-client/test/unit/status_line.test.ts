import assert from "node:assert/strict";
import { test } from "node:test";
import type { Status } from "../../src/protocol.js";
import { statusLine, type Words } from "../../src/status_line.js";

const ENGLISH: Words = {
  goals: (met, total) => `${met}/${total} ${total === 1 ? "goal" : "goals"}`,
  waiting: () => "waits for you",
  step: (step) => `step ${step}`,
  indexing: () => "indexing",
};

const IDLE: Status = {
  state: "idle",
  message: "",
  goals: { met: 0, unmet: 0, blocked: 0, total: 0 },
};
const GOALS = { met: 2, unmet: 3, blocked: 0, total: 5 };

const ROWS: readonly [Partial<Status>, string, boolean][] = [
  [{}, "$(target) Holdfast", false],
  [{ goals: GOALS }, "$(target) 2/5 goals", false],
  [{ goals: { ...GOALS, met: 0, total: 1 } }, "$(target) 0/1 goal", false],
  [
    { state: "running", goals: GOALS, step: 14, costUsd: 0.034 },
    "$(loading~spin) 2/5 goals · step 14 · $0.03",
    false,
  ],
  [{ state: "running", step: 1 }, "$(loading~spin) step 1", false],
  [{ state: "waiting", step: 3 }, "$(bell-dot) waits for you · step 3", true],
  [{ state: "indexing" }, "$(loading~spin) indexing", false],
  // What the last run did is no news.
  [{ state: "idle", step: 9, costUsd: 1, goals: GOALS }, "$(target) 2/5 goals", false],
];

for (const [more, text, attention] of ROWS) {
  test(`the status bar says ${text}`, () => {
    assert.deepEqual(statusLine({ ...IDLE, ...more }, ENGLISH), { text, attention });
  });
}
