/**
 * What happened in a run, as a conversation: a fold over the server's Events into blocks.
 * The words are the server's; nothing here draws, and nothing knows the editor.
 */
import { changeOf, conditionLines, flatPlan, groupLine } from "./conversation_lines.js";
import type {
  Block,
  EndBlock,
  Heading,
  PersonBlock,
  QuestionBlock,
  TextBlock,
  ThoughtsBlock,
} from "./conversation_shape.js";
import {
  Answered,
  Asked,
  Begun,
  Called,
  Checked,
  ChildChanges,
  Ended,
  Judged,
  Moded,
  Packed,
  Planned,
  Received,
  Returned,
  Sampled,
  Settled,
  Spent,
  Streamed,
  Told,
} from "./event_shapes.js";
import { parsed } from "./parsed.js";
import type { EventNotice } from "./protocol.js";

/** A `Conversation` is all that is shown of one run; those of its children are their own. */
export interface Conversation {
  readonly heading: Heading;
  readonly blocks: readonly Block[];
  /** Messages that the model has not read; they are shown behind the blocks. */
  readonly pending: readonly PersonBlock[];
  /** What it and its subagents changed, and whether that was taken back, by path. */
  readonly files: ReadonlyMap<string, "changed" | "restored">;
  /** The number of the next Event; an earlier one was seen. */
  readonly next: number;
  /** Whether every Event since the beginning was seen. */
  readonly isWhole: boolean;
}

/** Of what a run did, so many blocks are kept; the journal has all. */
const BLOCKS_MAX = 5000;
const OUTPUT_CHARS_MAX = 20_000;
/** Tools whose effect has blocks of its own. */
const TOLD_BY_EVENTS: readonly string[] = ["plan", "finish"];

export function blank({
  runId,
  at,
  parentId,
}: Pick<EventNotice, "runId" | "at" | "parentId">): Conversation {
  return {
    heading: {
      runId,
      parentId,
      title: runId,
      state: "running",
      model: "",
      step: 0,
      cycle: 1,
      startedAt: at,
      endedAt: "",
      costUsd: 0,
      tokensIn: 0,
      tokensCached: 0,
      tokensOut: 0,
      promptTokens: 0,
      budgetTokens: 0,
      mode: "build",
      permissions: undefined,
    },
    blocks: [],
    pending: [],
    files: new Map(),
    next: 0,
    isWhole: true,
  };
}

/** All that is shown, in its order. */
export function shown({ blocks, pending }: Conversation): readonly Block[] {
  return pending.length === 0 ? blocks : [...blocks, ...pending];
}

/** The conversation with one more Event; one that it has already changes nothing. */
export function followed(before: Conversation, notice: EventNotice): Conversation {
  if (notice.seq < before.next) {
    return before;
  }
  const counted = withHeading(before, notice);
  if (notice.event.kind === "streamed") {
    return streamed(counted, notice);
  }
  const after = happened(counted, notice);
  return {
    ...after,
    blocks: after.blocks.length > BLOCKS_MAX ? after.blocks.slice(-BLOCKS_MAX) : after.blocks,
    next: notice.seq + 1,
    isWhole: before.isWhole && notice.seq === before.next,
  };
}

function withHeading(before: Conversation, { at, event, view }: EventNotice): Conversation {
  const { fields } = view;
  const spent = parsed(Spent, event)?.usage;
  const budget = parsed(Packed, event)?.budgetTokens;
  const counts = event.kind === "step_finished" || event.kind === "run_ended";
  const heading: Heading = {
    ...before.heading,
    ...(fields.step === undefined ? {} : { step: fields.step }),
    ...(fields.cycle === undefined ? {} : { cycle: fields.cycle }),
    ...(fields.promptTokens === undefined ? {} : { promptTokens: fields.promptTokens }),
    ...(fields.cacheHitRate === undefined ? {} : { cacheHitRate: fields.cacheHitRate }),
    ...(fields.costUsd === undefined || event.kind === "child_ended"
      ? {}
      : { costUsd: fields.costUsd }),
    ...(fields.permissions === undefined ? {} : { permissions: fields.permissions }),
    ...modeOf(before.heading, event),
    ...(budget === undefined ? {} : { budgetTokens: budget }),
    ...(spent === undefined || !counts
      ? {}
      : {
          tokensIn: spent.promptTokens,
          tokensCached: spent.cachedTokens,
          tokensOut: spent.completionTokens,
        }),
    // A run that goes on may do so with another model.
    ...(fields.model === undefined ? {} : { model: fields.model }),
    ...(event.kind === "run_started" ? { title: view.label, startedAt: at } : {}),
  };
  return { ...before, heading };
}

/** The mode that an Event gives a run. */
function modeOf({ mode: before }: Heading, event: EventNotice["event"]): Partial<Heading> {
  switch (event.kind) {
    case "run_started": {
      const task = parsed(Settled, event)?.task;
      return task === undefined
        ? {}
        : { mode: task.sampling?.maxMode === true ? "max" : task.mode };
    }
    case "mode_changed": {
      const mode = parsed(Moded, event)?.mode;
      return mode === undefined ? {} : { mode };
    }
    case "sampling_changed": {
      const isMax = parsed(Sampled, event)?.sampling.maxMode;
      const without = before === "max" ? "build" : before;
      return isMax === undefined ? {} : { mode: isMax ? "max" : without };
    }
    default:
      return {};
  }
}

/** What an Event of the journal means; one of a kind that means nothing more is a note. */
function happened(before: Conversation, notice: EventNotice): Conversation {
  const { event } = notice;
  switch (event.kind) {
    case "run_started":
      return added(before, taskOf(notice));
    case "run_resumed":
      return noted(stated(withoutReplies(before), "running"), notice);
    case "step_started":
    case "model_waited":
      return noted(withoutPieces(before), notice);
    case "model_answered":
      return answered(before, notice);
    case "message_received":
      return received(before, notice);
    case "told":
      return told(before, notice);
    case "tool_called":
      return added(before, callOf(notice));
    case "tool_returned":
      return returned(before, notice);
    case "file_changed":
      return withFiles(withPath(before, notice), "changed", pathsOf(notice));
    case "file_restored":
      // One that was left alone is as it was.
      return withFiles(
        noted(before, notice),
        "restored",
        notice.view.tone === "bad" ? [] : pathsOf(notice),
      );
    case "forked":
      // What its origin did stays that one's.
      return noted({ ...before, files: new Map() }, notice);
    case "child_ended":
      return withFiles(noted(before, notice), "changed", childPaths(notice));
    case "plan_changed":
      return planned(before, notice);
    case "goal_checked":
      return added(before, goalsOf(notice));
    case "candidates_judged":
      return judged(before, notice);
    case "child_started":
    case "attempt_started":
      return added(before, childOf(notice));
    case "workflow_changed":
      return workflowChanged(before, notice);
    case "permission_asked":
      return asked(before, notice);
    case "permission_answered":
      return settled(before, notice);
    case "run_ended":
      return ended(before, notice);
    default:
      return noted(before, notice);
  }
}

function stated(before: Conversation, state: Heading["state"]): Conversation {
  return { ...before, heading: { ...before.heading, state, endedAt: "" } };
}

function added(before: Conversation, block: Block | undefined): Conversation {
  return block === undefined ? before : { ...before, blocks: [...before.blocks, block] };
}

/** The conversation with some blocks changed; `change` gives the very same block back for others. */
function changed(before: Conversation, change: (block: Block) => Block): Conversation {
  return { ...before, blocks: before.blocks.map(change) };
}

function noted(before: Conversation, { seq, event, view }: EventNotice): Conversation {
  if (view.label === "" || view.tone === "muted") {
    return before;
  }
  const { label, detail, tone } = view;
  // What a row says again says nothing.
  const more = detail.trim() === label.trim() ? "" : detail;
  return added(before, { kind: "note", id: `${event.kind}/${seq}`, label, detail: more, tone });
}

/** A run that goes on needs no answer to what it asked at its end. */
function withoutReplies(before: Conversation): Conversation {
  return changed(before, (block) =>
    block.kind === "end" && block.isLast ? { ...block, isLast: false } : block,
  );
}

// Answers

/** A piece of an answer; the whole one comes with an Event of its own. */
function streamed(before: Conversation, { seq, event }: EventNotice): Conversation {
  const piece = parsed(Streamed, event);
  if (piece === undefined || piece.channel === "tool" || piece.text === "") {
    return before;
  }
  const kind = piece.channel === "reasoning" ? "thoughts" : "text";
  const open = before.blocks.findLast((block) => block.kind === kind && block.streams);
  return open === undefined
    ? added(before, { kind, id: `${kind}/${seq}`, text: piece.text, streams: true })
    : changed(before, (block) =>
        block === open ? { ...open, text: (open as TextBlock).text + piece.text } : block,
      );
}

function isPiece(block: Block): block is TextBlock | ThoughtsBlock {
  return (block.kind === "text" || block.kind === "thoughts") && block.streams;
}

/** Pieces of an answer that broke off are not part of the conversation. */
function withoutPieces(before: Conversation): Conversation {
  return before.blocks.some(isPiece)
    ? { ...before, blocks: before.blocks.filter((block) => !isPiece(block)) }
    : before;
}

/** The whole answer in place of its pieces. */
function answered(before: Conversation, notice: EventNotice): Conversation {
  const { seq, event } = notice;
  const message = parsed(Answered, event)?.message;
  if (message === undefined) {
    return noted(withoutPieces(before), notice);
  }
  const texts = { thoughts: message.reasoning, text: message.text };
  const whole = (kind: keyof typeof texts, id: string): Block[] =>
    texts[kind].trim() === "" ? [] : [{ kind, id, text: texts[kind], streams: false }];
  const isNew = (kind: keyof typeof texts): boolean =>
    !before.blocks.some((block) => isPiece(block) && block.kind === kind);
  const blocks = before.blocks.flatMap((block) =>
    isPiece(block) ? whole(block.kind, block.id) : [block],
  );
  const more = (["thoughts", "text"] as const)
    .filter(isNew)
    .flatMap((kind) => whole(kind, `${kind}/${seq}`));
  return { ...before, blocks: [...blocks, ...more] };
}

// Messages

function taskOf({ seq, event, view }: EventNotice): Block {
  const text = parsed(Begun, event)?.task.instruction ?? view.label;
  return { kind: "person", id: `task/${seq}`, text, images: [], state: "task" };
}

function received(before: Conversation, notice: EventNotice): Conversation {
  const message = parsed(Received, notice.event);
  if (message === undefined) {
    return noted(before, notice);
  }
  const block: PersonBlock = {
    kind: "person",
    id: `message/${notice.seq}`,
    text: message.text,
    images: message.images.map(({ name }) => name),
    state: "pending",
  };
  return { ...before, pending: [...before.pending, block] };
}

/** A message of a person's moves to where the model reads it. */
function told(before: Conversation, notice: EventNotice): Conversation {
  const message = parsed(Told, notice.event);
  if (message?.origin !== "person") {
    return noted(before, notice);
  }
  const [first, ...others] = before.pending;
  const { text, images } = message;
  const read: Block =
    first === undefined
      ? {
          kind: "person",
          id: `told/${notice.seq}`,
          text,
          images: images.map(({ name }) => name),
          state: "read",
        }
      : { ...first, state: "read" };
  return added({ ...before, pending: others }, read);
}

// Tools

function callOf({ seq, event, view }: EventNotice): Block {
  const given = parsed(Called, event)?.call.arguments;
  return {
    kind: "tool",
    id: `call/${view.fields.callId ?? seq}`,
    tool: view.fields.tool ?? "",
    title: view.label,
    state: "running",
    ending: "",
    output: "",
    ...changeOf(given),
  };
}

function returned(before: Conversation, { event, view }: EventNotice): Conversation {
  const id = `call/${view.fields.callId ?? ""}`;
  const result = parsed(Returned, event)?.result;
  const output = (result === undefined ? view.detail : outputOf(result)).slice(0, OUTPUT_CHARS_MAX);
  const state = view.tone === "bad" ? "bad" : "good";
  if (state === "good" && TOLD_BY_EVENTS.includes(view.fields.tool ?? "")) {
    return {
      ...before,
      blocks: before.blocks.filter((block) => block.id !== id || block.kind !== "tool"),
    };
  }
  // A call may have the id of an earlier one, which is over.
  return changed(before, (block) =>
    block.kind === "tool" && block.id === id && block.state === "running"
      ? { ...block, state, ending: view.label, output }
      : block,
  );
}

/** What a call printed: the first line of a command's text says how it ended, as `ending` does. */
function outputOf({ text, ending }: { text: string; ending: string }): string {
  return ending === "" ? text : text.slice(text.indexOf("\n") + 1 || text.length);
}

/** A call that changed a file leads to it. */
function withPath(before: Conversation, { view }: EventNotice): Conversation {
  const call = before.blocks.findLast((block) => block.kind === "tool");
  const path = view.fields.path ?? "";
  return call?.path === "" && call.state === "running"
    ? changed(before, (block) => (block === call ? { ...call, path } : block))
    : before;
}

function pathsOf({ view }: EventNotice): readonly string[] {
  return view.fields.path === undefined ? [] : [view.fields.path];
}

function childPaths({ event }: EventNotice): readonly string[] {
  return parsed(ChildChanges, event)?.changes.map(({ path }) => path) ?? [];
}

/** The conversation with what became of files, which its end offers to review and to take back. */
function withFiles(
  before: Conversation,
  state: "changed" | "restored",
  paths: readonly string[],
): Conversation {
  if (paths.length === 0) {
    return before;
  }
  const files = new Map([...before.files, ...paths.map((path) => [path, state] as const)]);
  return changed({ ...before, files }, (block) =>
    block.kind === "end" && block.isLast ? { ...block, changes: changesIn(files) } : block,
  );
}

function changesIn(files: Conversation["files"]): EndBlock["changes"] {
  const states = [...files.values()];
  return states.includes("changed") ? "some" : states.length > 0 ? "taken back" : "none";
}

// Plan, goals, candidates, children

function planned(before: Conversation, { seq, event, view }: EventNotice): Conversation {
  const earlier = changed(before, (block) =>
    block.kind === "plan" && block.isNewest ? { ...block, isNewest: false } : block,
  );
  const items = flatPlan(parsed(Planned, event)?.items);
  return added(earlier, {
    kind: "plan",
    id: `plan/${seq}`,
    label: view.label,
    items,
    isNewest: true,
  });
}

function goalsOf({ seq, event, view }: EventNotice): Block {
  const conditions = conditionLines(parsed(Checked, event)?.report.conditions ?? []);
  return { kind: "goals", id: `goals/${seq}`, label: view.label, tone: view.tone, conditions };
}

function judged(before: Conversation, notice: EventNotice): Conversation {
  const choice = parsed(Judged, notice.event);
  return choice === undefined
    ? noted(before, notice)
    : added(before, {
        kind: "candidates",
        id: `candidates/${notice.seq}`,
        label: notice.view.label,
        reason: choice.reason,
        winner: choice.winner,
        groups: choice.groups.map(groupLine),
      });
}

function childOf({ seq, view }: EventNotice): Block | undefined {
  const { runId, attempt } = view.fields;
  return runId === undefined
    ? undefined
    : { kind: "child", id: `child/${seq}`, runId, title: view.label, attempt };
}

/** A workflow has one block, as it changes with each of its nodes. */
function workflowChanged(before: Conversation, { event, view }: EventNotice): Conversation {
  const id = `workflow/${String(event["callId"])}`;
  const block: Block = {
    kind: "workflow",
    id,
    label: view.label,
    tone: view.tone,
    nodes: (view.fields.nodes ?? []).map(({ id: node, title, state, depth, why }) => ({
      id: node,
      title,
      state,
      depth,
      why,
    })),
  };
  return before.blocks.some((each) => each.id === id)
    ? changed(before, (each) => (each.id === id ? block : each))
    : added(before, block);
}

// Questions and the end

function asked(before: Conversation, notice: EventNotice): Conversation {
  const { event, view } = notice;
  const question = parsed(Asked, event)?.question;
  return question === undefined
    ? noted(before, notice)
    : added(stated(before, "waiting"), {
        kind: "question",
        id: `question/${question.id}`,
        questionId: question.id,
        summary: question.summary,
        detail: question.detail,
        runRule: question.runRule ?? "",
        projectRule: question.rule ?? "",
        everywhereRule: question.general ? (question.rule ?? "") : "",
        offersSandbox: question.offersSandbox,
        answered: "",
        tone: view.tone,
      });
}

function isOpen(block: Block): block is QuestionBlock {
  return block.kind === "question" && block.answered === "";
}

function settled(before: Conversation, { view }: EventNotice): Conversation {
  const id = view.fields.questionId;
  const after = changed(before, (block) =>
    isOpen(block) && block.questionId === id
      ? { ...block, answered: view.label, tone: view.tone }
      : block,
  );
  return stated(after, after.blocks.some(isOpen) ? "waiting" : "running");
}

/** How a run ended, without what the model has just said: it stands above. */
function withoutLastText({ blocks }: Conversation, detail: string): string {
  const said = blocks.findLast((block) => block.kind === "text")?.text.trim() ?? "";
  return said !== "" && detail.startsWith(said) ? detail.slice(said.length).trim() : detail;
}

function ended(before: Conversation, { seq, at, event, view }: EventNotice): Conversation {
  const outcome = view.fields.outcome ?? "stopped";
  const question = parsed(Ended, event)?.outcome.question ?? "";
  const over = changed(before, (block) => {
    if (isPiece(block)) {
      return { ...block, streams: false };
    }
    if (isOpen(block)) {
      return { ...block, answered: view.label, tone: "muted" };
    }
    return block.kind === "tool" && block.state === "running" ? { ...block, state: "bad" } : block;
  });
  const heading: Heading = { ...over.heading, state: outcome, endedAt: at };
  const { label, tone } = view;
  const id = `end/${seq}`;
  const detail = withoutLastText(before, view.detail);
  return added(
    { ...over, heading },
    {
      kind: "end",
      id,
      outcome,
      label,
      detail,
      tone,
      question,
      isLast: true,
      changes: changesIn(over.files),
    },
  );
}
