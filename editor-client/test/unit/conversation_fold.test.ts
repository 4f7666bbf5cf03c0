import assert from "node:assert/strict";
import { test } from "node:test";
import { blank, followed, shown, type Conversation } from "../../src/conversation_fold.js";
import type { Block } from "../../src/conversation_shape.js";
import { parsed } from "../../src/parsed.js";
import { EventNotice } from "../../src/protocol.js";

const RUN = "20260101-000000-000001";

interface Sent {
  readonly kind: string;
  readonly event?: object;
  readonly view?: object;
}

function notice(seq: number, { kind, event = {}, view = {} }: Sent): EventNotice {
  const value = {
    runId: RUN,
    seq,
    at: `2026-01-01T00:00:${String(seq % 60).padStart(2, "0")}Z`,
    event: { kind, ...event },
    view: { label: "", ...view },
  };
  const result = parsed(EventNotice, value);
  assert.ok(result);
  return result;
}

/** The conversation after these; what streams has the number of the next that is kept. */
function after(...sent: Sent[]): Conversation {
  let seq = 0;
  let conversation = blank(notice(0, { kind: "run_started" }));
  for (const each of sent) {
    conversation = followed(conversation, notice(seq, each));
    seq += each.kind === "streamed" ? 0 : 1;
  }
  return conversation;
}

/** What is shown, a word for each block. */
function words(...sent: Sent[]): string[] {
  return shown(after(...sent)).map(wordOf);
}

function wordOf(block: Block): string {
  switch (block.kind) {
    case "person":
      return `${block.state}: ${block.text}`;
    case "text":
    case "thoughts":
      return `${block.kind}${block.streams ? "…" : ""}: ${block.text}`;
    case "tool":
      return `${block.title} ${block.state}${block.ending}`;
    case "question":
      return `${block.summary}? ${block.answered}`;
    case "plan":
      return `${block.label}${block.isNewest ? "!" : ""}`;
    case "child":
      return `child ${block.runId}`;
    case "goals":
    case "candidates":
    case "workflow":
    case "note":
    case "end":
      return block.label;
  }
}

const STARTED: Sent = {
  kind: "run_started",
  event: { task: { instruction: "Fix it.\nAll." } },
  view: { label: "Fix it.", fields: { model: "m at x" } },
};
const sampled = (maxMode: boolean): Sent => ({
  kind: "sampling_changed",
  event: { sampling: { maxMode } },
});
const moded = (mode: string): Sent => ({ kind: "mode_changed", event: { mode } });
const begunIn = (task: object): Sent => ({ ...STARTED, event: { task } });

for (const [what, sent, mode] of [
  ["a run builds", [STARTED], "build"],
  ["one that plans", [begunIn({ mode: "plan" })], "plan"],
  ["one in Max Mode", [begunIn({ mode: "build", sampling: { maxMode: true } })], "max"],
  ["Max Mode is switched on", [STARTED, sampled(true)], "max"],
  ["and off", [STARTED, sampled(true), sampled(false)], "build"],
  ["off while it plans", [begunIn({ mode: "plan" }), sampled(false)], "plan"],
  ["what planned goes on building", [begunIn({ mode: "plan" }), moded("build")], "build"],
  ["what cannot be read changes nothing", [begunIn({ mode: 3 }), moded("x")], "build"],
] as const) {
  test(`the mode of a conversation: ${what}`, () => {
    assert.equal(after(...sent).heading.mode, mode);
  });
}

const piece = (channel: string, text: string): Sent => ({
  kind: "streamed",
  event: { step: 1, channel, text },
});
const answered = (text: string, reasoning = ""): Sent => ({
  kind: "model_answered",
  event: { message: { text, reasoning } },
  view: { label: text, fields: { step: 1 } },
});
const called = (callId: string, args: object = {}): Sent => ({
  kind: "tool_called",
  event: { call: { id: callId, arguments: args } },
  view: { label: `edit ${callId}`, tone: "waiting", fields: { callId, tool: "edit" } },
});
const returned = (callId: string, tone = "good"): Sent => ({
  kind: "tool_returned",
  event: { result: { output: "done" } },
  view: { label: "ok", detail: "done", tone, fields: { callId } },
});
const QUESTION = {
  id: "q1",
  summary: "run make",
  detail: "make",
  rule: "shell(make)",
  runRule: null,
  general: true,
  offersSandbox: false,
  freedBy: [],
};
const ASKED: Sent = {
  kind: "permission_asked",
  event: { question: QUESTION },
  view: { label: "waits", tone: "waiting", fields: { questionId: "q1" } },
};
const ENDED: Sent = {
  kind: "run_ended",
  event: { outcome: { outcome: "blocked", question: "Which port?" } },
  view: { label: "blocked: Which port?", fields: { outcome: "blocked", costUsd: 0.5 } },
};

const STORIES: Readonly<Record<string, readonly [Sent[], string[]]>> = {
  "the whole task is shown": [[STARTED], ["task: Fix it.\nAll."]],
  "pieces join, thoughts apart from text": [
    [piece("reasoning", "Hm"), piece("text", "I "), piece("reasoning", "m"), piece("text", "see")],
    ["thoughts…: Hmm", "text…: I see"],
  ],
  "the whole answer takes the place of its pieces": [
    [piece("reasoning", "Hm"), piece("text", "I"), answered("I see.", "Hm."), answered("Next.")],
    ["thoughts: Hm.", "text: I see.", "text: Next."],
  ],
  "pieces of an answer that broke off are gone": [
    [
      piece("text", "I wi"),
      { kind: "model_waited", view: { label: "waiting 1 s", tone: "waiting" } },
      piece("text", "I see"),
    ],
    ["waiting 1 s", "text…: I see"],
  ],
  "what only a complete log shows is left out": [
    [
      { kind: "step_started", view: { label: "step 1", tone: "muted" } },
      { kind: "snapshot_taken" },
    ],
    [],
  ],
  "a call is one card with its result, also when its id comes again": [
    [called("c1"), called("c2"), returned("c2"), returned("c1", "bad"), called("c1")],
    ["edit c1 badok", "edit c2 goodok", "edit c1 running"],
  ],
  "a call whose effect is shown is gone once it succeeded": [
    [
      called("c1"),
      { kind: "plan_changed", event: { items: [] }, view: { label: "plan, 0 of 2" } },
      { kind: "tool_returned", view: { label: "ok", fields: { callId: "c1", tool: "plan" } } },
    ],
    ["plan, 0 of 2!"],
  ],
  "a message waits behind everything until it is read, and moves there": [
    [
      { kind: "message_received", event: { text: "Wait.", when: "steer" } },
      answered("One."),
      { kind: "told", event: { text: "Wait.", origin: "person" }, view: { label: "you: Wait." } },
      answered("Two."),
      { kind: "message_received", event: { text: "And?", when: "steer" } },
    ],
    ["text: One.", "read: Wait.", "text: Two.", "pending: And?"],
  ],
  "what a goal or a guard says is a note": [
    [{ kind: "told", event: { text: "no", origin: "goal" }, view: { label: "not done yet" } }],
    ["not done yet"],
  ],
  "only the newest plan is open": [
    [
      { kind: "plan_changed", event: { items: [] }, view: { label: "plan, 0 of 2" } },
      { kind: "plan_changed", event: { items: [] }, view: { label: "plan, 1 of 2" } },
    ],
    ["plan, 0 of 2", "plan, 1 of 2!"],
  ],
  "a question stays with its answer": [
    [
      ASKED,
      {
        kind: "permission_answered",
        view: { label: "allowed once", fields: { questionId: "q1", answer: "once" } },
      },
    ],
    ["run make? allowed once"],
  ],
  "what is open at the end is over": [
    [called("c1"), piece("text", "I wi"), ASKED, ENDED],
    ["edit c1 bad", "text: I wi", "run make? blocked: Which port?", "blocked: Which port?"],
  ],
  "a workflow has one block": [
    [
      { kind: "workflow_changed", event: { callId: "w" }, view: { label: "0 of 2" } },
      { kind: "warned", view: { label: "in between" } },
      { kind: "workflow_changed", event: { callId: "w" }, view: { label: "1 of 2" } },
    ],
    ["1 of 2", "in between"],
  ],
  "a child stands where it began": [
    [{ kind: "child_started", view: { label: "subagent 1", fields: { runId: `${RUN}.1` } } }],
    [`child ${RUN}.1`],
  ],
  "an Event of a kind that is not known is a note": [
    [{ kind: "from_the_future", view: { label: "something new" } }],
    ["something new"],
  ],
  "what does not say what it has to is shown in its words": [
    [
      { kind: "permission_asked", event: { question: 3 }, view: { label: "waits" } },
      { kind: "candidates_judged", event: { groups: "none" }, view: { label: "chose" } },
      { kind: "model_answered", event: { message: null } },
      { kind: "streamed", event: { channel: "text" } },
      { kind: "message_received", event: { text: 1 } },
    ],
    ["waits", "chose"],
  ],
};

for (const [name, [sent, expected]] of Object.entries(STORIES)) {
  test(name, () => {
    assert.deepEqual(words(...sent), expected);
  });
}

test("an Event that comes twice changes nothing, one that is missing is remembered", () => {
  const once = after(STARTED, answered("One."));
  assert.equal(followed(once, notice(0, STARTED)), once);
  assert.equal(once.isWhole, true);
  assert.equal(followed(once, notice(9, answered("Ten."))).isWhole, false);
});

test("the heading has what was spent, and the state", () => {
  const usage = { promptTokens: 1200, cachedTokens: 900, completionTokens: 30 };
  const { heading } = after(
    STARTED,
    { kind: "cycle_packed", event: { budgetTokens: 60_000 }, view: { fields: { cycle: 2 } } },
    { kind: "step_started", view: { fields: { step: 3, promptTokens: 6000 } } },
    { kind: "model_answered", view: { fields: { step: 3, cacheHitRate: 0.75 } } },
    { kind: "step_finished", event: { usage }, view: { fields: { step: 3, costUsd: 0.25 } } },
    { kind: "child_ended", view: { fields: { costUsd: 9, step: 3 } } },
    ASKED,
  );
  assert.deepEqual(
    [heading.title, heading.model, heading.state, heading.step, heading.cycle, heading.costUsd],
    ["Fix it.", "m at x", "waiting", 3, 2, 0.25],
  );
  assert.deepEqual(
    [heading.tokensIn, heading.tokensCached, heading.tokensOut, heading.promptTokens],
    [1200, 900, 30, 6000],
  );
  assert.equal(heading.cacheHitRate, 0.75);
  const over = after(STARTED, ENDED).heading;
  assert.deepEqual([over.state, over.endedAt], ["blocked", "2026-01-01T00:00:01Z"]);
});

test("a run that goes on asks no more what it asked at its end", () => {
  const ends = (conversation: Conversation): unknown[] =>
    conversation.blocks.flatMap((block) =>
      block.kind === "end" ? [[block.question, block.isLast]] : [],
    );
  assert.deepEqual(ends(after(STARTED, ENDED)), [["Which port?", true]]);
  assert.deepEqual(ends(after(STARTED, ENDED, { kind: "run_resumed" })), [["Which port?", false]]);
});

const wrote = (path: string): Sent => ({
  kind: "file_changed",
  view: { label: `changed ${path}`, tone: "muted", fields: { path } },
});
const restored = (path: string, tone = "plain"): Sent => ({
  kind: "file_restored",
  view: { label: `restored ${path}`, tone, fields: { path } },
});
const childEnded = (...paths: string[]): Sent => ({
  kind: "child_ended",
  event: { changes: paths.map((path) => ({ path, before: null, after: "x" })) },
  view: { label: "subagent 1 ended" },
});

for (const [what, sent, changes] of [
  ["one that only looked left nothing", [ENDED], "none"],
  ["one that edited", [wrote("a.py"), ENDED], "some"],
  ["one whose subagent edited", [childEnded("a.py"), ENDED], "some"],
  ["one whose subagent looked", [childEnded(), ENDED], "none"],
  ["one that was taken back since", [wrote("a.py"), ENDED, restored("a.py")], "taken back"],
  ["in part", [wrote("a.py"), wrote("b.py"), ENDED, restored("a.py")], "some"],
  ["one that could not be", [wrote("a.py"), ENDED, restored("a.py", "bad")], "some"],
  ["one that goes on from another run's", [wrote("a.py"), { kind: "forked" }, ENDED], "none"],
  [
    "one that went on after that",
    [wrote("a.py"), ENDED, restored("a.py"), { kind: "run_resumed" }, wrote("a.py"), ENDED],
    "some",
  ],
] as const) {
  test(`what a run left changed: ${what}`, () => {
    const end = after(STARTED, ...sent).blocks.findLast((block) => block.kind === "end");
    assert.equal(end?.changes, changes);
  });
}

const resumedWith = (model?: string): Sent => ({
  kind: "run_resumed",
  view: { label: "the run goes on", fields: model === undefined ? {} : { model } },
});

test("the heading names the model that the run goes on with", () => {
  const begun = { ...STARTED, view: { label: "Fix it.", fields: { model: "no model yet" } } };
  assert.equal(after(begun, ENDED, resumedWith("m at x")).heading.model, "m at x");
  assert.equal(after(STARTED, ENDED, resumedWith()).heading.model, "m at x");
});

test("an edit shows its change, and leads to its file", () => {
  const edit = { path: "a.py", oldText: "x = 1\ny\n", newText: "x = 2\n" };
  const [block] = after(called("c1", edit)).blocks;
  assert.ok(block?.kind === "tool");
  assert.deepEqual([block.path, block.change], ["a.py", "- x = 1\n- y\n+ x = 2"]);
});

test("a long run keeps its end", () => {
  const many = Array.from({ length: 5100 }, (_, at) => answered(`${at}`));
  const { blocks } = after(STARTED, ...many);
  assert.equal(blocks.length, 5000);
  assert.equal(blocks.at(-1)?.kind, "text");
});
