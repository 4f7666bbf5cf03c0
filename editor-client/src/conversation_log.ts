/** The conversations of this window by their runs, and what changed between two moments. */
import { blank, followed, shown, type Conversation } from "./conversation_fold.js";
import type { Block, Change } from "./conversation_shape.js";
import type { EventNotice } from "./protocol.js";
import { isActive, type Run, type RunLog } from "./run_log.js";

export type Conversations = ReadonlyMap<string, Conversation>;

/** So many runs are kept in full, children included; older ones are read again from their journals. */
const RUNS_MAX = 60;

/** The conversations with one more Event. */
export function heard(all: Conversations, notice: EventNotice): Conversations {
  const before = all.get(notice.runId) ?? blank(notice);
  const after = followed(before, notice);
  if (after === before) {
    return all;
  }
  const others = [...all].filter(([runId]) => runId !== notice.runId);
  return all.has(notice.runId)
    ? new Map(all).set(notice.runId, after)
    : new Map([...others.slice(1 - RUNS_MAX), [notice.runId, after]]);
}

/** The conversations with the titles and states that the server lists; one that ended in a crash says so nowhere else. */
export function reconciled(all: Conversations, runs: RunLog): Conversations {
  return new Map(
    [...all].map(([runId, conversation]) => {
      const run = runs.get(runId);
      return [runId, run === undefined ? conversation : withRun(conversation, run)];
    }),
  );
}

function withRun(conversation: Conversation, { title, state }: Run): Conversation {
  const { heading } = conversation;
  const isOver = isActive(heading) && !isActive({ state });
  return title === heading.title && !isOver
    ? conversation
    : { ...conversation, heading: { ...heading, title, ...(isOver ? { state } : {}) } };
}

/** The run and those below it, parents first. */
export function family(all: Conversations, runId: string): readonly Conversation[] {
  const own = all.get(runId);
  const children = [...all.values()].filter(({ heading }) => heading.parentId === runId);
  return own === undefined
    ? []
    : [own, ...children.flatMap(({ heading }) => family(all, heading.runId))];
}

/** What a page that has drawn `before` has to draw to show `after`. */
export function changesOf(before: Conversations, after: readonly Conversation[]): Change[] {
  return after.flatMap((conversation) => {
    const change = changeOf(before.get(conversation.heading.runId), conversation);
    return change === undefined ? [] : [change];
  });
}

function changeOf(before: Conversation | undefined, after: Conversation): Change | undefined {
  if (before === after) {
    return undefined;
  }
  const drawn = new Map((before === undefined ? [] : shown(before)).map((each) => [each.id, each]));
  const blocks: Block[] = [];
  const grown: { id: string; more: string }[] = [];
  for (const block of shown(after)) {
    const earlier = drawn.get(block.id);
    drawn.delete(block.id);
    const more = earlier === undefined ? undefined : growth(earlier, block);
    if (more !== undefined) {
      grown.push({ id: block.id, more });
    } else if (block !== earlier) {
      blocks.push(block);
    }
  }
  return { heading: after.heading, blocks, grown, removed: [...drawn.keys()] };
}

/** How a text that streams went on; undefined if more than that changed. */
function growth(before: Block, after: Block): string | undefined {
  return before !== after &&
    (before.kind === "text" || before.kind === "thoughts") &&
    (after.kind === "text" || after.kind === "thoughts") &&
    before.streams &&
    after.streams &&
    after.text.startsWith(before.text)
    ? after.text.slice(before.text.length)
    : undefined;
}
