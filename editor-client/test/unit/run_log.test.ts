import assert from "node:assert/strict";
import { test } from "node:test";
import { EventNotice, parsed } from "../../src/protocol.js";
import { followed, listed, openQuestions, type RunLog } from "../../src/run_log.js";

const RUN = "20260101-000000-000001";
const STARTED = {
  kind: "run_started",
  runId: RUN,
  task: { instruction: "Mend  it.\nAll of it.", sampling: { propose: false } },
};
const ASKED = {
  kind: "permission_asked",
  question: { id: "q1", tool: "shell", summary: "run make", detail: "make", rule: "shell(make)" },
  expiresAt: "2026-01-01T00:10:00Z",
};
const ENDED = {
  kind: "run_ended",
  outcome: { outcome: "achieved", summary: "Done." },
  costUsd: 0.5,
};

/** The log after these Events of one run. */
function after(...events: object[]): RunLog {
  return events.reduce<RunLog>((log, event, seq) => {
    const notice = parsed(EventNotice, { runId: RUN, seq, at: "2026-01-01T00:00:00Z", event });
    assert.ok(notice);
    return followed(log, notice);
  }, new Map());
}

test("a run is told from its first Event to its last", () => {
  const call = {
    kind: "tool_called",
    step: 1,
    call: { id: "c1", name: "read" },
    title: "read a.py",
  };
  const result = { text: "…", isError: false, changed: [] };
  const returned = {
    kind: "tool_returned",
    step: 1,
    callId: "c1",
    tool: "read",
    result,
    seconds: 0.25,
  };
  const log = after(
    STARTED,
    { kind: "step_started", step: 1, promptTokens: 10 },
    { kind: "model_answered", step: 1, message: { role: "assistant", text: "I look." } },
    call,
    returned,
    { kind: "step_finished", step: 1, costUsd: 0.25 },
    ENDED,
  );
  const run = log.get(RUN);
  assert.equal(run?.title, "Mend it.");
  assert.equal(run.state, "achieved");
  assert.equal(run.step, 1);
  assert.equal(run.costUsd, 0.5);
  assert.deepEqual(
    run.entries.map(({ label, state }) => [label, state]),
    [
      ["I look.", "plain"],
      ["read a.py (0.3 s)", "good"],
      ["achieved: Done.", "plain"],
    ],
  );
});

test("a question waits until it is answered", () => {
  const waiting = after(STARTED, ASKED);
  assert.equal(waiting.get(RUN)?.state, "waiting");
  assert.deepEqual(
    openQuestions(waiting).map(({ question }) => question.summary),
    ["run make"],
  );
  const settled = after(STARTED, ASKED, {
    kind: "permission_answered",
    questionId: "q1",
    answer: "once",
    by: "person",
  });
  assert.equal(settled.get(RUN)?.state, "running");
  assert.deepEqual(openQuestions(settled), []);
  assert.equal(settled.get(RUN)?.entries[0]?.label, "once: run make");
});

test("the questions of a server that died are gone, and its run can be resumed", () => {
  const entry = {
    runId: RUN,
    title: "Mend it.",
    state: "interrupted" as const,
    step: 1,
    startedAt: "2026-01-01T00:00:00Z",
    costUsd: 0,
    message: "",
  };
  const log = listed(after(STARTED, ASKED), [entry]);
  assert.equal(log.get(RUN)?.state, "interrupted");
  assert.deepEqual(openQuestions(log), []);
});

test("a proposal can be accepted until one is", () => {
  const proposing = { ...STARTED, task: { instruction: "x", sampling: { propose: true } } };
  const group = { title: "edit a", text: "", size: 1, problem: "", notes: [], changes: "" };
  const judged = {
    kind: "candidates_judged",
    groups: [group, { ...group, title: "edit b" }],
    winner: 1,
    by: "judge",
    reason: "better",
    drawn: 3,
  };
  assert.equal(after(proposing, judged).get(RUN)?.proposal?.winner, 1);
  assert.equal(after(STARTED, judged).get(RUN)?.proposal, undefined);
  const accepted = after(proposing, judged, { kind: "candidate_accepted", group: 1 });
  assert.equal(accepted.get(RUN)?.proposal, undefined);
});

test("what a newer server tells is passed over", () => {
  const before = after(STARTED);
  const more = after(STARTED, { kind: "teleported" }, { kind: "tool_called", wrong: true });
  assert.deepEqual(more, before);
});

test("a long run keeps its end", () => {
  const said = Array.from({ length: 700 }, (_, step) => ({
    kind: "model_answered",
    message: { text: `step ${step}` },
  }));
  const entries = after(STARTED, ...said).get(RUN)?.entries ?? [];
  assert.equal(entries.length, 500);
  assert.equal(entries.at(-1)?.label, "step 699");
});
