/**
 * The names and shapes of our own on the wire; the only file that has them.
 *
 * Written by scripts/client_protocol.py from those of the server: change them there.
 * Keys that a newer server adds are ignored, and those that an older one lacks have defaults.
 */
import * as v from "valibot";

export const SECTION = "holdfast";
export const SAMPLES_MAX = 16;
export const ATTEMPTS_MAX = 8;

export const CommandName = {
  runStart: "holdfast.run.start",
  runStop: "holdfast.run.stop",
  runResume: "holdfast.run.resume",
  runSend: "holdfast.run.send",
  runList: "holdfast.run.list",
  runEvents: "holdfast.run.events",
  runRename: "holdfast.run.rename",
  runDelete: "holdfast.run.delete",
  runShow: "holdfast.run.show",
  runChanges: "holdfast.run.changes",
  runKeep: "holdfast.run.keep",
  runUndo: "holdfast.run.undo",
  runRewind: "holdfast.run.rewind",
  runFork: "holdfast.run.fork",
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
  conversationSend: "holdfast.conversation.send",
  commandRun: "holdfast.command.run",
  skillList: "holdfast.skill.list",
  skillShow: "holdfast.skill.show",
  mcpList: "holdfast.mcp.list",
  extensionList: "holdfast.extension.list",
  workflowRun: "holdfast.workflow.run",
  workflowList: "holdfast.workflow.list",
  evolveDream: "holdfast.evolve.dream",
  evolveDistill: "holdfast.evolve.distill",
  evolveStatus: "holdfast.evolve.status",
  evolveAccept: "holdfast.evolve.accept",
  evolveReject: "holdfast.evolve.reject",
  evolveRestore: "holdfast.evolve.restore",
  modelList: "holdfast.model.list",
  modelChoose: "holdfast.model.choose",
  reviewRun: "holdfast.review.run",
  commitMessage: "holdfast.commit.message",
  trust: "holdfast.trust",
  permissionAnswer: "holdfast.permission.answer",
  permissionMode: "holdfast.permission.mode",
  status: "holdfast.status",
  doctor: "holdfast.doctor",
} as const;
export type CommandName = (typeof CommandName)[keyof typeof CommandName];

export const Method = {
  status: "holdfast/status",
  event: "holdfast/event",
  diagnostics: "holdfast/diagnostics",
  save: "holdfast/save",
  questions: "holdfast/questions",
} as const;
export type Method = (typeof Method)[keyof typeof Method];

export const RunState = v.picklist([
  "running",
  "waiting",
  "achieved",
  "finished",
  "unmet",
  "blocked",
  "stopped",
  "failed",
  "interrupted",
]);
export type RunState = v.InferOutput<typeof RunState>;

export const PermissionMode = v.picklist(["read-only", "ask", "auto-edit", "sandboxed", "full"]);
export type PermissionMode = v.InferOutput<typeof PermissionMode>;

export const SessionState = v.picklist(["idle", "indexing", "running", "waiting", "error"]);
export type SessionState = v.InferOutput<typeof SessionState>;

export const NodeState = v.picklist([
  "waiting",
  "running",
  "achieved",
  "finished",
  "unmet",
  "blocked",
  "stopped",
  "failed",
  "skipped",
]);
export type NodeState = v.InferOutput<typeof NodeState>;

export const Verdict = v.picklist([
  "met",
  "unmet",
  "stale",
  "blocked",
  "impossible",
  "unverified",
  "waived",
]);
export type Verdict = v.InferOutput<typeof Verdict>;

export const Answer = v.picklist(["once", "run", "always", "everywhere", "sandboxed", "deny"]);
export type Answer = v.InferOutput<typeof Answer>;

export const TrustState = v.picklist(["trusted", "refused", "new", "changed"]);
export type TrustState = v.InferOutput<typeof TrustState>;

export const ServerState = v.picklist(["closed", "connecting", "open", "failed"]);
export type ServerState = v.InferOutput<typeof ServerState>;

export const Tone = v.picklist(["plain", "good", "bad", "waiting", "muted"]);
export type Tone = v.InferOutput<typeof Tone>;

export const PartState = v.picklist(["open", "kept", "undone"]);
export type PartState = v.InferOutput<typeof PartState>;

export const FileStatus = v.picklist(["added", "modified", "deleted", "renamed"]);
export type FileStatus = v.InferOutput<typeof FileStatus>;

/**
 * A `Reply` is the result of a command. `state` is the run's, else the session's.
 *
 * `uri` is the document that the command opens, for clients that cannot be asked to.
 */
export const Reply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
});
export type Reply = v.InferOutput<typeof Reply>;

/**
 * A `RunEntry` is one line of a list of runs; `startedAt` is ISO 8601.
 *
 * `parentId` is the run that began a subagent, which is listed behind it.
 */
export const RunEntry = v.object({
  runId: v.string(),
  title: v.string(),
  state: RunState,
  step: v.number(),
  startedAt: v.string(),
  costUsd: v.number(),
  message: v.string(),
  parentId: v.optional(v.string()),
  takenBack: v.optional(v.boolean(), false),
});
export type RunEntry = v.InferOutput<typeof RunEntry>;

/** The runs are newest first, each with its subagents behind it. */
export const RunListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  runs: v.optional(v.array(RunEntry), []),
});
export type RunListReply = v.InferOutput<typeof RunListReply>;

/** A `GoalEntry` is one condition. `line` counts from 1, `path` is workspace-relative. */
export const GoalEntry = v.object({
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

/** Conditions are in the order of the goals file, then those of comments by path. */
export const GoalListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  goals: v.optional(v.array(GoalEntry), []),
});
export type GoalListReply = v.InferOutput<typeof GoalListReply>;

/** Goals are counted by what is known of them; the rest of `total` is stale or not verified. */
export const GoalCounts = v.object({
  met: v.optional(v.number(), 0),
  unmet: v.optional(v.number(), 0),
  blocked: v.optional(v.number(), 0),
  total: v.optional(v.number(), 0),
});
export type GoalCounts = v.InferOutput<typeof GoalCounts>;

/** `Tokens` counts those of a run; `cached` is part of `input`. */
export const Tokens = v.object({
  input: v.optional(v.number(), 0),
  cached: v.optional(v.number(), 0),
  output: v.optional(v.number(), 0),
});
export type Tokens = v.InferOutput<typeof Tokens>;

/** An `IndexState` counts indexed files; `pending` vectors are still to be made. */
export const IndexState = v.object({
  files: v.optional(v.number(), 0),
  pending: v.optional(v.number(), 0),
});
export type IndexState = v.InferOutput<typeof IndexState>;

/** An `ExtensionCounts` counts what people bring: all, what waits for trust, what has a problem. */
export const ExtensionCounts = v.object({
  total: v.optional(v.number(), 0),
  waiting: v.optional(v.number(), 0),
  failed: v.optional(v.number(), 0),
});
export type ExtensionCounts = v.InferOutput<typeof ExtensionCounts>;

/**
 * A `Status` is sent as `holdfast/status` and as the reply to `holdfast.status`.
 *
 * `line` has goals and the run, ready for a status line, and is empty when there is
 * nothing to say. `maxMode` is true while the run samples several candidates a step.
 * `agents` names the custom agents that may be used, `extensions` counts what
 * `holdfast.extension.list` lists, `children` the subagents and attempts at work.
 * `background` are the commands that the run has in the background, by their ids.
 */
export const Status = v.object({
  message: v.string(),
  state: SessionState,
  line: v.optional(v.string(), ""),
  runId: v.optional(v.string()),
  outcome: v.optional(RunState),
  title: v.optional(v.string()),
  step: v.optional(v.number()),
  goals: v.optional(GoalCounts, { met: 0, unmet: 0, blocked: 0, total: 0 }),
  tokens: v.optional(Tokens, { input: 0, cached: 0, output: 0 }),
  costUsd: v.optional(v.number()),
  index: v.optional(IndexState, { files: 0, pending: 0 }),
  endpoint: v.optional(v.string()),
  maxMode: v.optional(v.boolean()),
  maxStrategy: v.optional(v.picklist(["adaptive", "gated", "always"])),
  agents: v.optional(v.array(v.string()), []),
  background: v.optional(v.record(v.string(), v.string())),
  extensions: v.optional(ExtensionCounts, { total: 0, waiting: 0, failed: 0 }),
  children: v.optional(v.number(), 0),
  permissions: v.optional(PermissionMode),
  cacheHitRate: v.optional(v.number()),
  stepCacheHitRate: v.optional(v.number()),
  contextShare: v.optional(v.number()),
  outlivesEditor: v.optional(v.boolean()),
});
export type Status = v.InferOutput<typeof Status>;

/** A `QuestionChoice` is an answer on offer, with the words for it. */
export const QuestionChoice = v.object({
  answer: Answer,
  title: v.string(),
});
export type QuestionChoice = v.InferOutput<typeof QuestionChoice>;

/**
 * A `WaitingQuestion` is answered with `holdfast.permission.answer` and its `id`.
 *
 * `title` is one line, `detail` the exact operation: a command, or a diff where `language`
 * says so. `uri` is the file that would be changed.
 */
export const WaitingQuestion = v.object({
  id: v.string(),
  runId: v.string(),
  title: v.string(),
  detail: v.string(),
  language: v.optional(v.picklist(["", "diff"]), ""),
  uri: v.optional(v.string()),
  choices: v.array(QuestionChoice),
});
export type WaitingQuestion = v.InferOutput<typeof WaitingQuestion>;

/**
 * `holdfast/questions` carries all that wait, oldest first: each time the whole list.
 *
 * A client that declares `waitingQuestions` gets it, and no prompts.
 */
export const WaitingQuestions = v.object({
  questions: v.optional(v.array(WaitingQuestion), []),
});
export type WaitingQuestions = v.InferOutput<typeof WaitingQuestions>;

/** A `WirePosition` is in the encoding that was agreed on with the client. */
export const WirePosition = v.object({
  line: v.number(),
  character: v.number(),
});
export type WirePosition = v.InferOutput<typeof WirePosition>;

/** A `WireRange` is a range of the editor protocol. */
export const WireRange = v.object({
  start: WirePosition,
  end: WirePosition,
});
export type WireRange = v.InferOutput<typeof WireRange>;

/** A `WireDiagnostic` has what a model can use of a diagnostic; `severity` 1 is an error. */
export const WireDiagnostic = v.object({
  range: WireRange,
  message: v.string(),
  severity: v.optional(v.number(), 1),
  source: v.optional(v.string(), ""),
});
export type WireDiagnostic = v.InferOutput<typeof WireDiagnostic>;

/**
 * A `MemoryHit` is one thing found. Scores compare within a kind.
 *
 * `provenance` says where it comes from: a run and its step, or who said so and
 * what shows it. Code has a `uri` and a `range`.
 */
export const MemoryHit = v.object({
  id: v.string(),
  kind: v.picklist(["code", "action", "fact"]),
  score: v.number(),
  title: v.string(),
  text: v.string(),
  path: v.optional(v.string()),
  uri: v.optional(v.string()),
  range: v.optional(WireRange),
  provenance: v.optional(v.string(), ""),
  repository: v.optional(v.string()),
  commit: v.optional(v.string()),
});
export type MemoryHit = v.InferOutput<typeof MemoryHit>;

/** The hits are best first within each kind: code, actions, facts. */
export const MemorySearchReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  hits: v.optional(v.array(MemoryHit), []),
});
export type MemorySearchReply = v.InferOutput<typeof MemorySearchReply>;

/** A `ModelEntry` is a model that can be chosen; `server` is what seems to serve it. */
export const ModelEntry = v.object({
  baseUrl: v.string(),
  name: v.string(),
  server: v.string(),
  current: v.optional(v.boolean(), false),
});
export type ModelEntry = v.InferOutput<typeof ModelEntry>;

/** A `ModelListReply` lists the models that can be chosen, and says which one a run uses. */
export const ModelListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  models: v.optional(v.array(ModelEntry), []),
});
export type ModelListReply = v.InferOutput<typeof ModelListReply>;

/**
 * A `SkillEntry` is a skill, a custom command or an agent; `hint` says what arguments it takes.
 *
 * Of a prompt of an MCP server `uri` is empty and `server` its name.
 */
export const SkillEntry = v.object({
  name: v.string(),
  description: v.string(),
  origin: v.picklist(["project", "user"]),
  state: TrustState,
  uri: v.string(),
  hint: v.optional(v.string(), ""),
  server: v.optional(v.string(), ""),
});
export type SkillEntry = v.InferOutput<typeof SkillEntry>;

/** A `SkillListReply` lists skills, custom commands and agents, the strongest place first. */
export const SkillListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  skills: v.optional(v.array(SkillEntry), []),
  commands: v.optional(v.array(SkillEntry), []),
  agents: v.optional(v.array(SkillEntry), []),
});
export type SkillListReply = v.InferOutput<typeof SkillListReply>;

/** A `ServerEntryPayload` is an MCP server; `problem` says why it cannot be used. */
export const ServerEntry = v.object({
  name: v.string(),
  place: v.string(),
  origin: v.picklist(["project", "user"]),
  trust: TrustState,
  state: ServerState,
  version: v.optional(v.string(), ""),
  problem: v.optional(v.string(), ""),
});
export type ServerEntry = v.InferOutput<typeof ServerEntry>;

/** A `ServerListReply` lists MCP servers, the user's first, and what is wrong with entries. */
export const ServerListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  servers: v.optional(v.array(ServerEntry), []),
  problems: v.optional(v.array(v.string()), []),
});
export type ServerListReply = v.InferOutput<typeof ServerListReply>;

/**
 * An `ExtensionEntry` is a skill, a custom command, an agent, an MCP server, or of a later kind.
 *
 * `state` is that of a connection, empty for what has none; `tools` how many it offers,
 * left out while nobody knows. `problem` says why it cannot be used. `uri` is the file
 * that it is written in, empty where it is not known. `trustId` is what `holdfast.trust`
 * takes as `what`, empty for what needs no trust.
 */
export const ExtensionEntry = v.object({
  kind: v.string(),
  name: v.string(),
  description: v.string(),
  origin: v.picklist(["project", "user"]),
  trust: TrustState,
  state: v.optional(v.string(), ""),
  problem: v.optional(v.string(), ""),
  tools: v.optional(v.number()),
  uri: v.optional(v.string(), ""),
  trustId: v.optional(v.string(), ""),
});
export type ExtensionEntry = v.InferOutput<typeof ExtensionEntry>;

/** An `ExtensionListReply` lists extensions by their kinds, the strongest place first. */
export const ExtensionListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  extensions: v.optional(v.array(ExtensionEntry), []),
});
export type ExtensionListReply = v.InferOutput<typeof ExtensionListReply>;

/** A `WorkflowEntry` is a workflow; `problem` says why it cannot be run, empty if it can be read. */
export const WorkflowEntry = v.object({
  name: v.string(),
  description: v.string(),
  origin: v.picklist(["project", "user"]),
  state: TrustState,
  nodes: v.number(),
  uri: v.string(),
  problem: v.optional(v.string(), ""),
});
export type WorkflowEntry = v.InferOutput<typeof WorkflowEntry>;

/** A `WorkflowListReply` lists workflows, the project's first, those that cannot be read last. */
export const WorkflowListReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  workflows: v.optional(v.array(WorkflowEntry), []),
});
export type WorkflowListReply = v.InferOutput<typeof WorkflowListReply>;

/** A `TrustEntry` is something that a project brings and that waits for a person's trust. */
export const TrustEntry = v.object({
  id: v.string(),
  summary: v.string(),
});
export type TrustEntry = v.InferOutput<typeof TrustEntry>;

/** A `TrustReply` lists what still waits for trust after the command. */
export const TrustReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  waiting: v.optional(v.array(TrustEntry), []),
});
export type TrustReply = v.InferOutput<typeof TrustReply>;

/** A `SavedDocument` is a buffer to save, unless it has moved on from this version. */
export const SavedDocument = v.object({
  uri: v.string(),
  version: v.number(),
});
export type SavedDocument = v.InferOutput<typeof SavedDocument>;

/** `holdfast/save` has the editor save what a run wrote into buffers; it answers null. */
export const SaveRequest = v.object({
  documents: v.array(SavedDocument),
});
export type SaveRequest = v.InferOutput<typeof SaveRequest>;

/** `holdfast/diagnostics` asks about a document, by default about all. */
export const DiagnosticsRequest = v.object({
  uri: v.optional(v.string()),
});
export type DiagnosticsRequest = v.InferOutput<typeof DiagnosticsRequest>;

/** A `DiagnosticsOfFile` has what the editor shows for one file. */
export const DiagnosticsOfFile = v.object({
  uri: v.string(),
  diagnostics: v.array(WireDiagnostic),
});
export type DiagnosticsOfFile = v.InferOutput<typeof DiagnosticsOfFile>;

/** A `DiagnosticsReply` is the answer to `holdfast/diagnostics`. */
export const DiagnosticsReply = v.object({
  items: v.array(DiagnosticsOfFile),
});
export type DiagnosticsReply = v.InferOutput<typeof DiagnosticsReply>;

/**
 * A `WorkflowNodePayload` is a node of a workflow: `depth` says how far it is set in, from 0.
 *
 * `runId` is the run that worked on it last, and `why` says in a line how it came to its state.
 */
export const WorkflowNode = v.object({
  id: v.string(),
  title: v.string(),
  state: NodeState,
  depth: v.number(),
  runId: v.optional(v.string()),
  why: v.optional(v.string(), ""),
});
export type WorkflowNode = v.InferOutput<typeof WorkflowNode>;

/**
 * `EventFields` are values for views with more than text; an Event has few of them.
 *
 * `callId` joins a tool call and its result, `questionId` a question and its answer. `reason`
 * and `rule` are what a person said with that answer, `permissions` is the mode that the run
 * has from here on.
 * `cacheHitRate` is the share of a step's prompts that the endpoint had in its cache, 0 to 1.
 * `winner` counts from 0, `candidate` from 1. `verdicts` are those of a goal's
 * conditions by their ids, `nodes` those of a workflow, from the top of its tree down.
 */
export const EventFields = v.object({
  answer: v.optional(Answer),
  backgroundId: v.optional(v.string()),
  attempt: v.optional(v.number()),
  cacheHitRate: v.optional(v.number()),
  callId: v.optional(v.string()),
  candidate: v.optional(v.number()),
  candidates: v.optional(v.number()),
  costUsd: v.optional(v.number()),
  cycle: v.optional(v.number()),
  maxMode: v.optional(v.boolean()),
  model: v.optional(v.string()),
  nodes: v.optional(v.array(WorkflowNode)),
  outcome: v.optional(RunState),
  path: v.optional(v.string()),
  permissions: v.optional(PermissionMode),
  promptTokens: v.optional(v.number()),
  proposes: v.optional(v.boolean()),
  questionId: v.optional(v.string()),
  reason: v.optional(v.string()),
  rule: v.optional(v.string()),
  runId: v.optional(v.string()),
  seconds: v.optional(v.number()),
  step: v.optional(v.number()),
  tool: v.optional(v.string()),
  verdicts: v.optional(v.record(v.string(), Verdict)),
  winner: v.optional(v.number()),
});
export type EventFields = v.InferOutput<typeof EventFields>;

/**
 * An Event is put into words for a view of runs.
 *
 * `label` is one line, empty if there is nothing to show; `detail` is more of it. An
 * Event with the tone `muted` is of interest to a complete log alone.
 */
export const EventView = v.object({
  label: v.string(),
  detail: v.optional(v.string(), ""),
  tone: v.optional(Tone, "plain"),
  fields: v.optional(EventFields, {}),
});
export type EventView = v.InferOutput<typeof EventView>;

/**
 * `holdfast/event` carries one Event of a run, its fields in camelCase under `event`.
 *
 * `seq` counts from 0 within the run, `at` is ISO 8601. `view` says it in words. Pieces
 * of a streaming answer may be left out when the client reads slowly. The Events of a
 * subagent, and those of an attempt, name the run that began it as `parentId`. `quiet` at the
 * end of a run means that what came of it is said in another way.
 */
export const EventNotice = v.object({
  runId: v.string(),
  seq: v.number(),
  at: v.string(),
  event: v.looseObject({ kind: v.string() }),
  view: EventView,
  parentId: v.optional(v.string()),
  quiet: v.optional(v.boolean()),
});
export type EventNotice = v.InferOutput<typeof EventNotice>;

/**
 * A `RunEventsReply` is a page of what happened in a run and its children, in its order.
 *
 * `events` are as `holdfast/event` pushes them. `after` is for the next page, which `hasMore`
 * says is there already.
 */
export const RunEventsReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  events: v.optional(v.array(EventNotice), []),
  after: v.optional(v.record(v.string(), v.number()), {}),
  hasMore: v.optional(v.boolean(), false),
});
export type RunEventsReply = v.InferOutput<typeof RunEventsReply>;

/**
 * A `ChangeHunk` is one stretch of lines that a run changed.
 *
 * `before` are its lines in the text from before, `after` those in the text as it is now, from the
 * beginning of the first line to that of the line behind the last. `edited` says that these
 * were changed since. `diff` has the lines, each with `-` or `+` before it, where they were
 * asked for; what is long is cut.
 */
export const ChangeHunk = v.object({
  id: v.string(),
  state: PartState,
  before: WireRange,
  after: WireRange,
  edited: v.optional(v.boolean(), false),
  diff: v.optional(v.string()),
});
export type ChangeHunk = v.InferOutput<typeof ChangeHunk>;

/**
 * A `ChangedFile` is a file that a run changed; a `renamed` one was at `fromPath` before.
 *
 * `additions` and `deletions` count lines. One without `hunks` is kept or taken back as a
 * whole. `text` is the one that taking all of it back leaves, sent when the file was asked for.
 */
export const ChangedFile = v.object({
  uri: v.string(),
  path: v.string(),
  status: FileStatus,
  state: v.picklist(["open", "kept", "undone", "partly"]),
  additions: v.number(),
  deletions: v.number(),
  hunks: v.optional(v.array(ChangeHunk), []),
  binary: v.optional(v.boolean(), false),
  fromPath: v.optional(v.string()),
  text: v.optional(v.string()),
});
export type ChangedFile = v.InferOutput<typeof ChangedFile>;

/** A `RunChangesReply` has the files that a run changed, by their paths; `leftOut` counts more. */
export const RunChangesReply = v.object({
  message: v.string(),
  state: v.string(),
  runId: v.optional(v.string()),
  uri: v.optional(v.string()),
  files: v.optional(v.array(ChangedFile), []),
  leftOut: v.optional(v.number(), 0),
});
export type RunChangesReply = v.InferOutput<typeof RunChangesReply>;

export const Question = v.object({
  id: v.string(),
  summary: v.string(),
  detail: v.string(),
  rule: v.nullish(v.string()),
  runRule: v.nullish(v.string()),
  general: v.boolean(),
  offersSandbox: v.boolean(),
  freedBy: v.array(PermissionMode),
});
export type Question = v.InferOutput<typeof Question>;

export const Scores = v.object({
  correctness: v.number(),
  groundedness: v.number(),
  progress: v.number(),
  safety: v.number(),
});
export type Scores = v.InferOutput<typeof Scores>;

export const CandidateGroup = v.object({
  title: v.string(),
  text: v.string(),
  size: v.number(),
  problem: v.string(),
  notes: v.array(v.string()),
  changes: v.string(),
  scores: v.nullish(Scores),
});
export type CandidateGroup = v.InferOutput<typeof CandidateGroup>;
