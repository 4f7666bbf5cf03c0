import assert from "node:assert/strict";
import { test } from "node:test";
import { parsed } from "../../src/parsed.js";
import { EventNotice } from "../../src/protocol.js";
import {
  followed,
  listed,
  nodeRows,
  openQuestions,
  own,
  rows,
  type RunLog,
  type RunNode,
} from "../../src/run_log.js";

const RUN = "20260101-000000-000001";

/** An Event and its view, as the server sends them. */
interface Sent {
  readonly event: object & { readonly kind: string };
  readonly view: object;
}

function sent(kind: string, label: string, more: object = {}, event: object = {}): Sent {
  return { event: { kind, ...event }, view: { label, ...more } };
}

const QUESTION = {
  id: "q1",
  summary: "run make",
  detail: "make",
  rule: "shell(make)",
  general: true,
  offersSandbox: false,
  freedBy: [],
};
const STARTED = sent("run_started", "Fix it.", { fields: { proposes: false } });
const ASKED = sent(
  "permission_asked",
  "waits for permission: run make",
  { detail: "make", tone: "waiting", fields: { questionId: "q1" } },
  { question: { tool: "shell", ...QUESTION }, expiresAt: "2026-01-01T00:10:00Z" },
);
const ENDED = sent("run_ended", "achieved: Done.", {
  tone: "good",
  fields: { outcome: "achieved", costUsd: 0.5 },
});

/** The log after these Events of one run. */
function after(...events: Sent[]): RunLog {
  return events.reduce<RunLog>((log, each, seq) => {
    const notice = parsed(EventNotice, { runId: RUN, seq, at: "2026-01-01T00:00:00Z", ...each });
    assert.ok(notice);
    return followed(log, notice);
  }, new Map());
}

test("a row knows the step in which it happened, also after the run was taken back", () => {
  const begins = (step: number): Sent =>
    sent("step_started", `step ${step}`, { tone: "muted", fields: { step } });
  const log = after(
    STARTED,
    sent("warned", "before the first"),
    begins(1),
    sent("model_answered", "one"),
    begins(2),
    sent("model_answered", "two"),
    sent("rewound", "taken back to the end of step 1", { fields: { step: 1 } }),
    begins(2),
    sent("model_answered", "two again"),
  );
  assert.deepEqual(
    log.get(RUN)?.entries.map(({ label, step }) => [label, step]),
    [
      ["before the first", 0],
      ["one", 1],
      ["two", 2],
      ["taken back to the end of step 1", 1],
      ["two again", 2],
    ],
  );
});

test("a run is shown from its first Event to its last, in the words of the server", () => {
  const log = after(
    STARTED,
    sent("step_started", "step 1", { tone: "muted", fields: { step: 1 } }),
    sent("streamed", "", { fields: { step: 1 } }),
    sent("model_answered", "I look.", { detail: "I look.\nThen I edit." }),
    sent("tool_called", "read a.py", { tone: "waiting", fields: { callId: "c1" } }),
    sent("tool_returned", "ok, 0.3 s", { detail: "…", tone: "good", fields: { callId: "c1" } }),
    sent("snapshot_taken", ""),
    sent("step_finished", "", { fields: { step: 1, costUsd: 0.25 } }),
    ENDED,
  );
  const run = log.get(RUN);
  assert.equal(run?.title, "Fix it.");
  assert.equal(run.state, "achieved");
  assert.equal(run.step, 1);
  assert.equal(run.costUsd, 0.5);
  assert.deepEqual(
    run.entries.map(({ kind, label, tone }) => [kind, label, tone]),
    [
      ["model_answered", "I look.", "plain"],
      ["tool_called", "read a.py: ok, 0.3 s", "good"],
      ["run_ended", "achieved: Done.", "good"],
    ],
  );
});

test("a call waits until its result is there", () => {
  const called = sent("tool_called", "read a.py", { tone: "waiting", fields: { callId: "c1" } });
  assert.equal(after(STARTED, called).get(RUN)?.entries[0]?.tone, "waiting");
});

test("a question waits until it is answered", () => {
  const waiting = after(STARTED, ASKED);
  assert.equal(waiting.get(RUN)?.state, "waiting");
  assert.equal(waiting.get(RUN)?.entries[0]?.label, "run make");
  assert.deepEqual(
    openQuestions(waiting).map(({ question }) => question.summary),
    ["run make"],
  );
  const answered = sent("permission_answered", "approved once", {
    tone: "good",
    fields: { questionId: "q1", answer: "once" },
  });
  const settled = after(STARTED, ASKED, answered);
  assert.equal(settled.get(RUN)?.state, "running");
  assert.deepEqual(openQuestions(settled), []);
  assert.deepEqual(
    settled.get(RUN)?.entries.map(({ label, tone }) => [label, tone]),
    [["approved once: run make", "good"]],
  );
});

test("the questions of a server that died are gone, and its run can be resumed", () => {
  const entry = {
    runId: RUN,
    title: "Fix it.",
    state: "interrupted" as const,
    step: 1,
    startedAt: "2026-01-01T00:00:00Z",
    costUsd: 0,
    message: "",
    takenBack: true,
  };
  const log = listed(after(STARTED, ASKED), [entry]);
  assert.equal(log.get(RUN)?.state, "interrupted");
  assert.equal(log.get(RUN)?.isTakenBack, true);
  assert.deepEqual(openQuestions(log), []);
});

test("a run that began while the list was made keeps its title, one that ended goes", () => {
  assert.equal(listed(after(STARTED), []).get(RUN)?.title, "Fix it.");
  assert.equal(listed(after(STARTED, sent("run_ended", "achieved")), []).size, 0);
});

test("a proposal can be accepted until one is", () => {
  const proposing = sent("run_started", "x", { fields: { proposes: true } });
  const group = { title: "edit a", text: "", size: 1, problem: "", notes: [], changes: "" };
  const judged = sent(
    "candidates_judged",
    "chose edit b",
    {},
    { groups: [group, { ...group, title: "edit b" }], winner: 1, by: "judge", reason: "better" },
  );
  assert.equal(after(proposing, judged).get(RUN)?.proposal?.winner, 1);
  assert.equal(after(STARTED, judged).get(RUN)?.proposal, undefined);
  assert.equal(after(STARTED, judged).get(RUN)?.entries[0]?.judged?.groups.length, 2);
  const accepted = after(proposing, judged, sent("candidate_accepted", "accepted proposal 2"));
  assert.equal(accepted.get(RUN)?.proposal, undefined);
});

test("an Event of a newer server is shown in its words", () => {
  const log = after(STARTED, sent("teleported", "teleported to the moon", { tone: "good" }));
  assert.deepEqual(
    log.get(RUN)?.entries.map(({ kind, label }) => [kind, label]),
    [["teleported", "teleported to the moon"]],
  );
});

test("what does not say what it has to is shown in its words", () => {
  const broken = [
    sent("permission_asked", "waits for permission", {}, { question: 3 }),
    sent("candidates_judged", "chose one", {}, { groups: "none" }),
  ];
  const run = after(STARTED, ...broken).get(RUN);
  const labels = run?.entries.map(({ label }) => label);
  assert.deepEqual(labels, ["waits for permission", "chose one"]);
  assert.deepEqual([run?.questions, run?.proposal], [[], undefined]);
});

test("a long run keeps its end", () => {
  const said = Array.from({ length: 700 }, (_, step) => sent("model_answered", `step ${step}`));
  const entries = after(STARTED, ...said).get(RUN)?.entries ?? [];
  assert.equal(entries.length, 500);
  assert.equal(entries.at(-1)?.label, "step 699");
});

test("a workflow has one row, and below it the tree of its nodes as they are now", () => {
  const node = (id: string, state: string, depth: number): object => ({
    id,
    title: id.toUpperCase(),
    state,
    depth,
  });
  const changed = (label: string, ...nodes: object[]): Sent =>
    sent("workflow_changed", label, { tone: "waiting", fields: { nodes } }, { callId: "" });
  const nodes = [node("a", "achieved", 0), node("b", "running", 1), node("d", "waiting", 2)];
  const run = after(
    STARTED,
    changed("begins", node("a", "running", 0)),
    sent("warned", "in between"),
    changed("goes on", ...nodes, node("c", "waiting", 1), node("e", "waiting", 0)),
  ).get(RUN);
  assert.ok(run);
  assert.deepEqual(
    run.entries.map(({ label }) => label),
    ["goes on", "in between"],
  );
  const [entry] = run.entries;
  assert.ok(entry);
  const ids = (row: RunNode): string[] =>
    nodeRows(row).map(({ place }) => entry.nodes?.[place ?? -1]?.id ?? "");
  assert.deepEqual(ids({ run, entry }), ["a", "e"]);
  assert.deepEqual(ids({ run, entry, place: 0 }), ["b", "c"]);
  assert.deepEqual(ids({ run, entry, place: 1 }), ["d"]);
  assert.deepEqual(ids({ run, entry, place: 4 }), []);
  assert.deepEqual(nodeRows({ run }), []);
});

test("a subagent is a run below the one that began it, where it began", () => {
  const child = `${RUN}.1`;
  const notice = (runId: string, seq: number, each: Sent): EventNotice => {
    const parentId = runId === RUN ? {} : { parentId: RUN };
    const read = parsed(EventNotice, { runId, seq, at: "2026-01-01", ...parentId, ...each });
    assert.ok(read);
    return read;
  };
  const log = [
    notice(RUN, 0, STARTED),
    notice(RUN, 1, sent("child_started", "subagent 1 begins: port", { fields: { runId: child } })),
    notice(child, 0, sent("run_started", "port", { fields: { runId: child } })),
    notice(RUN, 2, sent("child_ended", "subagent 1 ended: achieved", { fields: { runId: child } })),
    notice(child, 1, ENDED),
  ].reduce<RunLog>(followed, new Map());
  const run = log.get(RUN);
  assert.ok(run);
  assert.deepEqual(own(log), [run]);
  const below = rows(log, run).map(
    ({ run: { title, state }, entry }) => entry?.label ?? [title, state],
  );
  assert.deepEqual(below, [["port", "achieved"], "subagent 1 ended: achieved"]);
  const later = rows(log, { ...run, entries: [] });
  assert.deepEqual(
    later.map((node) => node.run.runId),
    [child],
    "a window that saw nothing of it",
  );
});

test("an attempt is a run below the one that makes it, with its number", () => {
  const child = `${RUN}.5`;
  const read = (runId: string, seq: number, each: Sent): EventNotice => {
    const parentId = runId === RUN ? {} : { parentId: RUN };
    const notice = parsed(EventNotice, { runId, seq, at: "2026-01-01", ...parentId, ...each });
    assert.ok(notice);
    return notice;
  };
  const fields = { runId: child, attempt: 2 };
  const log = [
    read(RUN, 0, STARTED),
    read(RUN, 1, sent("attempt_started", "attempt 2 begins: Find the cause.", { fields })),
    read(child, 0, sent("run_started", "Do it. Find the cause.", { fields: { runId: child } })),
    read(child, 1, sent("tool_called", "read a.py", { fields: { callId: "c1" } })),
  ].reduce<RunLog>(followed, new Map());
  const run = log.get(RUN);
  assert.ok(run);
  assert.deepEqual(own(log), [run]);
  const [row] = rows(log, run);
  assert.equal(row?.attempt, 2);
  assert.equal(row.run.runId, child);
  assert.deepEqual(
    row.run.entries.map(({ label }) => label),
    ["read a.py"],
  );
});

test("a run that is blocked says what it asks until it goes on", () => {
  const blocked = sent("run_ended", "blocked: Which one: a or b?", {
    tone: "waiting",
    fields: { outcome: "blocked" },
  });
  assert.equal(after(STARTED, blocked).get(RUN)?.asks, "Which one: a or b?");
  const goesOn = after(STARTED, blocked, sent("run_resumed", "the run goes on")).get(RUN);
  assert.deepEqual([goesOn?.asks, goesOn?.state], [undefined, "running"]);
  assert.equal(after(STARTED, ENDED).get(RUN)?.asks, undefined);
});

test("a run whose changes were taken back says so until it goes on", () => {
  const restored = sent("file_restored", "restored a.py", { fields: { path: "a.py" } });
  const left = sent("file_restored", "a.py was left alone: it changed", { tone: "bad" });
  assert.equal(after(STARTED, ENDED, left).get(RUN)?.isTakenBack, false);
  assert.equal(after(STARTED, ENDED, restored).get(RUN)?.isTakenBack, true);
  const goesOn = after(STARTED, ENDED, restored, sent("run_resumed", "the run goes on"));
  assert.equal(goesOn.get(RUN)?.isTakenBack, false);
});
