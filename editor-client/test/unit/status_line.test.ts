import assert from "node:assert/strict";
import { test } from "node:test";
import { parsed } from "../../src/parsed.js";
import { Status } from "../../src/protocol.js";
import { statusLine } from "../../src/status_line.js";

const ROWS: readonly [object, string][] = [
  [{ state: "idle" }, "$(target) Holdfast"],
  [{ state: "idle", line: "2/5 goals" }, "$(target) 2/5 goals"],
  [
    { state: "running", line: "2/5 goals · step 14 · $0.03" },
    "$(loading~spin) 2/5 goals · step 14 · $0.03",
  ],
  [{ state: "waiting", line: "waits for you · step 3" }, "$(bell-dot) waits for you · step 3"],
  [{ state: "indexing", line: "indexing" }, "$(loading~spin) indexing"],
  [{ state: "idle", outcome: "blocked" }, "$(question) Holdfast"],
  [{ state: "idle", outcome: "achieved" }, "$(target) Holdfast"],
  [{ state: "error" }, "$(error) Holdfast"],
];

for (const [status, text] of ROWS) {
  test(`the status bar says ${text}`, () => {
    const shown = parsed(Status, { message: "", ...status });
    assert.ok(shown);
    assert.equal(statusLine(shown), text);
  });
}
