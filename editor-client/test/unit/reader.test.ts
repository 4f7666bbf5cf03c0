import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { blank, followed } from "../../src/conversation_fold.js";
import { RunListReply, type EventNotice } from "../../src/protocol.js";
import { reader, type Reader } from "../../src/reader.js";
import { followed as logged } from "../../src/run_log.js";

/** One Event of each kind, as the server writes it on the wire. */
const LINES = readFileSync("test/unit/events.jsonl", "utf8").trimEnd().split("\n");

/** A reader, and what it reported. */
function reporting(): { read: Reader; reports: string[] } {
  const reports: string[] = [];
  const read = reader((what, faults) => reports.push(`${what}: ${faults.join("; ")}`));
  return { read, reports };
}

function wire(kind: string): EventNotice {
  const notices = LINES.map((line) => JSON.parse(line) as EventNotice);
  const found = notices.find(({ event }) => event.kind === kind);
  assert.ok(found, kind);
  return found;
}

test("an Event of each kind is read whole and shown", () => {
  const { read, reports } = reporting();
  let conversation = blank(wire("run_started"));
  for (const line of LINES) {
    const notice = read.event(JSON.parse(line));
    assert.ok(notice, line);
    const before = conversation;
    conversation = followed(before, notice);
    // What a row is drawn for in the words of the server is somewhere in the page.
    const { blocks, pending, heading, files } = before;
    const isShown = notice.view.label !== "" && notice.view.tone !== "muted";
    assert.ok(
      !isShown ||
        conversation.blocks !== blocks ||
        conversation.pending !== pending ||
        conversation.heading !== heading ||
        conversation.files !== files,
      line,
    );
    logged(new Map(), notice);
  }
  assert.deepEqual(reports, []);
  assert.ok(conversation.isWhole);
});

/** The paths of all fields within a value. */
function fields(value: unknown, path: readonly string[] = []): string[][] {
  return typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [
        [...path, key],
        ...fields(inner, [...path, key]),
      ]);
}

function without(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown, index) =>
      String(index) === key ? without(each, rest) : each,
    );
  }
  const entries = Object.entries(value as object);
  return Object.fromEntries(
    entries.flatMap(([name, inner]): [string, unknown][] =>
      name !== key ? [[name, inner]] : rest.length === 0 ? [] : [[name, without(inner, rest)]],
    ),
  );
}

/** The conversation after all Events before that one, and after it as it is given. */
function after(place: number, changed: EventNotice): string {
  const { read } = reporting();
  const before = LINES.slice(0, place).flatMap((line) => read.event(JSON.parse(line)) ?? []);
  return JSON.stringify([...before, changed].reduce(followed, blank(changed)));
}

/** What is read, but says nothing where it is missing. */
const MAY_LACK = [
  "task.mode",
  "task.sampling",
  "task.sampling.maxMode",
  "question.rule",
  "question.runRule",
  "groups.1.scores",
  "report.conditions.0.evidence.0.ending",
];

test("without any field an Event is shown in its words, and what is lost is reported", () => {
  const reported = new Set<string>();
  LINES.forEach((line, place) => {
    const whole = JSON.parse(line) as EventNotice;
    const shown = after(place, whole);
    for (const path of fields(whole.event)) {
      const { read, reports } = reporting();
      const notice = read.event(without(whole, ["event", ...path]));
      if (path.join(".") === "kind") {
        assert.match(reports.join("\n"), /^an Event: event\.kind: /);
        continue;
      }
      assert.ok(notice);
      const now = after(place, notice);
      const { label, tone } = notice.view;
      const words = tone === "muted" || !shown.includes(label) ? "" : label;
      assert.ok(now.includes(words), `${path.join(".")} of ${line}`);
      if (reports.length > 0) {
        assert.match(reports.join("\n"), new RegExp(`^the Event ${whole.event.kind}: `));
        reported.add(`${whole.event.kind} ${path.join(".")}`);
      } else {
        assert.ok(
          now === shown || MAY_LACK.includes(path.join(".")),
          `${path.join(".")} of ${line}`,
        );
      }
    }
  });
  for (const each of [
    "permission_asked question.summary",
    "permission_asked question.freedBy",
    "model_answered message.text",
    "tool_returned result.text",
    "tool_called call.arguments",
    "told origin",
    "plan_changed items.0.status",
    "goal_checked report.conditions.0.evidence.0.check",
    "candidates_judged groups.1.scores.safety",
    "run_ended usage.promptTokens",
  ]) {
    assert.ok(reported.has(each), each);
  }
});

test("a notice without words is left out and reported, as is a reply of another shape", () => {
  const { read, reports } = reporting();
  assert.equal(read.event(without(wire("told"), ["view"])), undefined);
  const reply = { message: "", state: "idle", runs: [{ runId: "r1" }] };
  assert.equal(read.as(RunListReply, "the reply to holdfast.run.list", reply), undefined);
  assert.match(reports.join("\n"), /^an Event: view: .*\nthe reply to .*: runs\.0\.title: /);
});
