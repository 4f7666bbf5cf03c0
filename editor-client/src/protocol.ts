/**
 * The names and shapes of our own on the wire; the only file that has them.
 *
 * Mirrors `protocol.py`, `shapes.py` and the Events of the server, and a test of the
 * server compares them. What the wire brings is parsed, never trusted; keys that a
 * newer server adds are ignored.
 */
import * as v from "valibot";

export const SECTION = "holdfast";

export const CommandName = {
  runStart: "holdfast.run.start",
  runStop: "holdfast.run.stop",
  runResume: "holdfast.run.resume",
  runSend: "holdfast.run.send",
  runList: "holdfast.run.list",
  runShow: "holdfast.run.show",
  runUndo: "holdfast.run.undo",
  maxPropose: "holdfast.max.propose",
  maxAccept: "holdfast.max.accept",
  maxSwitch: "holdfast.max.switch",
  goalNew: "holdfast.goal.new",
  goalCheck: "holdfast.goal.check",
  goalList: "holdfast.goal.list",
  goalWaive: "holdfast.goal.waive",
  memorySearch: "holdfast.memory.search",
  memoryWhy: "holdfast.memory.why",
  memoryRemember: "holdfast.memory.remember",
  memoryForget: "holdfast.memory.forget",
  memoryReindex: "holdfast.memory.reindex",
  memoryStatus: "holdfast.memory.status",
  permissionAnswer: "holdfast.permission.answer",
  status: "holdfast.status",
  doctor: "holdfast.doctor",
} as const;
export type CommandName = (typeof CommandName)[keyof typeof CommandName];

export const Method = {
  status: "holdfast/status",
  event: "holdfast/event",
  diagnostics: "holdfast/diagnostics",
} as const;

const RunState = v.picklist([
  "running",
  "waiting",
  "achieved",
  "unmet",
  "blocked",
  "stopped",
  "failed",
  "interrupted",
]);
export type RunState = v.InferOutput<typeof RunState>;

const Verdict = v.picklist([
  "met",
  "unmet",
  "stale",
  "blocked",
  "impossible",
  "unverified",
  "waived",
]);
export type Verdict = v.InferOutput<typeof Verdict>;

export const Reply = v.object({
  state: v.string(),
  message: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
});

const RunEntry = v.object({
  runId: v.string(),
  title: v.string(),
  state: RunState,
  step: v.number(),
  startedAt: v.string(),
  costUsd: v.number(),
  message: v.string(),
});
export type RunEntry = v.InferOutput<typeof RunEntry>;

export const RunListReply = v.object({
  runs: v.array(RunEntry),
});

const GoalEntry = v.object({
  goalId: v.string(),
  title: v.string(),
  conditionId: v.string(),
  condition: v.string(),
  verdict: Verdict,
  missing: v.string(),
  uri: v.string(),
  path: v.string(),
  line: v.number(),
});
export type GoalEntry = v.InferOutput<typeof GoalEntry>;

export const GoalListReply = v.object({
  goals: v.array(GoalEntry),
});

const GoalCounts = v.object({
  met: v.number(),
  unmet: v.number(),
  blocked: v.number(),
  total: v.number(),
});

export const Status = v.object({
  state: v.picklist(["idle", "indexing", "running", "waiting", "error"]),
  message: v.string(),
  runId: v.optional(v.string()),
  title: v.optional(v.string()),
  step: v.optional(v.number()),
  goals: GoalCounts,
  costUsd: v.optional(v.number()),
  endpoint: v.optional(v.string()),
});
export type Status = v.InferOutput<typeof Status>;

const MemoryHit = v.object({
  id: v.string(),
  kind: v.string(),
  score: v.number(),
  title: v.string(),
  text: v.string(),
  uri: v.nullish(v.string()),
  range: v.nullish(v.object({ start: v.object({ line: v.number() }) })),
  path: v.nullish(v.string()),
});
export type MemoryHit = v.InferOutput<typeof MemoryHit>;

export const MemorySearchReply = v.object({
  message: v.string(),
  hits: v.optional(v.array(MemoryHit), []),
});

export const DiagnosticsRequest = v.object({
  uri: v.nullish(v.string()),
});

/** What the client answers to `holdfast/diagnostics`; `severity` counts from 1, an error. */
export interface DiagnosticsReply {
  readonly items: readonly DiagnosticsOfFile[];
}

export interface DiagnosticsOfFile {
  readonly uri: string;
  readonly diagnostics: readonly WireDiagnostic[];
}

export interface WireDiagnostic {
  readonly range: { readonly start: WirePosition; readonly end: WirePosition };
  readonly message: string;
  readonly severity: number;
  readonly source: string;
}

export interface WirePosition {
  readonly line: number;
  readonly character: number;
}

export const EventNotice = v.object({
  runId: v.string(),
  seq: v.number(),
  at: v.string(),
  event: v.looseObject({ kind: v.string() }),
});
export type EventNotice = v.InferOutput<typeof EventNotice>;

const Question = v.object({
  id: v.string(),
  summary: v.string(),
  detail: v.string(),
  rule: v.nullish(v.string()),
});
export type Question = v.InferOutput<typeof Question>;

const Scores = v.object({
  correctness: v.number(),
  groundedness: v.number(),
  progress: v.number(),
  safety: v.number(),
});

const CandidateGroup = v.object({
  title: v.string(),
  text: v.string(),
  size: v.number(),
  problem: v.string(),
  notes: v.array(v.string()),
  changes: v.string(),
  scores: v.nullish(Scores),
});
export type CandidateGroup = v.InferOutput<typeof CandidateGroup>;

const Outcome = v.object({
  outcome: RunState,
  summary: v.optional(v.string()),
  question: v.optional(v.string()),
  reason: v.optional(v.string()),
  error: v.optional(v.string()),
});

const ConditionReport = v.object({
  condition: v.object({ text: v.string() }),
  verdict: Verdict,
  missing: v.string(),
});

/** The Events that the views show; the others pass unseen. */
const ShownEvent = v.variant("kind", [
  v.object({
    kind: v.literal("run_started"),
    task: v.object({
      instruction: v.string(),
      sampling: v.object({ propose: v.boolean() }),
    }),
  }),
  v.object({ kind: v.literal("run_resumed") }),
  v.object({ kind: v.literal("step_started"), step: v.number() }),
  v.object({
    kind: v.literal("model_answered"),
    message: v.object({ text: v.string() }),
  }),
  v.object({
    kind: v.literal("tool_called"),
    call: v.object({ id: v.string() }),
    title: v.string(),
  }),
  v.object({
    kind: v.literal("tool_returned"),
    callId: v.string(),
    result: v.object({ text: v.string(), isError: v.boolean() }),
    seconds: v.number(),
  }),
  v.object({
    kind: v.literal("candidates_judged"),
    groups: v.array(CandidateGroup),
    winner: v.number(),
    by: v.string(),
    reason: v.string(),
    drawn: v.number(),
  }),
  v.object({ kind: v.literal("candidate_accepted"), group: v.number() }),
  v.object({ kind: v.literal("permission_asked"), question: Question }),
  v.object({
    kind: v.literal("permission_answered"),
    questionId: v.string(),
    answer: v.string(),
    by: v.string(),
  }),
  v.object({
    kind: v.literal("goal_checked"),
    report: v.object({ conditions: v.array(ConditionReport) }),
  }),
  v.object({ kind: v.literal("warned"), message: v.string() }),
  v.object({ kind: v.literal("step_finished"), step: v.number(), costUsd: v.number() }),
  v.object({ kind: v.literal("file_restored"), path: v.string(), conflict: v.nullish(v.string()) }),
  v.object({ kind: v.literal("run_ended"), outcome: Outcome, costUsd: v.number() }),
]);
export type ShownEvent = v.InferOutput<typeof ShownEvent>;

/** The value as that shape; undefined when it has another one. */
export function parsed<Shape extends v.GenericSchema>(
  shape: Shape,
  value: unknown,
): v.InferOutput<Shape> | undefined {
  const result = v.safeParse(shape, value);
  return result.success ? result.output : undefined;
}

/** The Event of a notice if it is one that the views show. */
export function shownEvent(notice: EventNotice): ShownEvent | undefined {
  return parsed(ShownEvent, notice.event);
}
