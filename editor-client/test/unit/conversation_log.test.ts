import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, family, heard, type Conversations } from "../../src/conversation_log.js";
import type { Change } from "../../src/conversation_shape.js";
import type { EventNotice } from "../../src/protocol.js";

const RUN = "r1";

function notice(runId: string, seq: number, kind: string, event: object = {}): EventNotice {
  const parentId = runId.includes(".") ? runId.slice(0, runId.lastIndexOf(".")) : undefined;
  return {
    runId,
    seq,
    at: "2026-01-01T00:00:00Z",
    event: { kind, ...event },
    view: { label: `${kind} ${seq}`, detail: "", tone: "plain", fields: {} },
    ...(parentId === undefined ? {} : { parentId }),
  };
}

const streamed = (seq: number, text: string): EventNotice =>
  notice(RUN, seq, "streamed", { channel: "text", text });
const log = (...notices: EventNotice[]): Conversations => notices.reduce(heard, new Map());
const between = (before: Conversations, after: Conversations): Change[] =>
  changesOf(before, family(after, RUN));

test("a text that streams is sent as what it grew by", () => {
  const before = log(notice(RUN, 0, "warned"), streamed(1, "I "));
  const after = heard(heard(before, streamed(1, "see")), streamed(1, "."));
  assert.deepEqual(
    between(before, after).map(({ blocks, grown, removed }) => ({ blocks, grown, removed })),
    [{ blocks: [], grown: [{ id: "text/1", more: "see." }], removed: [] }],
  );
});

test("what is new, changed or gone is sent, and nothing else", () => {
  const before = log(notice(RUN, 0, "warned"), streamed(1, "I "));
  const after = heard(before, notice(RUN, 1, "model_waited"));
  const [change] = between(before, after);
  assert.deepEqual(
    change?.blocks.map(({ id }) => id),
    ["model_waited/1"],
  );
  assert.deepEqual(change.removed, ["text/1"]);
  assert.deepEqual(between(after, after), []);
});

test("children come behind the run that began them, and other runs not at all", () => {
  const all = log(
    notice("r1.1.2", 0, "warned"),
    notice("r2", 0, "warned"),
    notice("r1.1", 0, "warned"),
    notice(RUN, 0, "warned"),
  );
  assert.deepEqual(
    between(new Map(), all).map(({ heading }) => heading.runId),
    ["r1", "r1.1", "r1.1.2"],
  );
});

test("the oldest runs are left out, so that memory has a bound", () => {
  const all = log(...Array.from({ length: 80 }, (_, at) => notice(`run${at}`, 0, "warned")));
  assert.equal(all.size, 60);
  assert.ok(all.has("run79"));
});
