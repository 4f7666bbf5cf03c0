/**
 * What a conversation consists of, and what the extension and the page that draws it say to each other.
 * The page only draws: all that it knows comes from here, so that it can be made anew at any time.
 */
import * as v from "valibot";
import type { NodeState, RunState, Tone, Verdict } from "./protocol.js";

/** What each block has; `id` is unique within the run, and a block keeps its own. */
interface Part<Kind extends string> {
  readonly kind: Kind;
  readonly id: string;
}

/** A task or a message of the person's. */
export interface PersonBlock extends Part<"person"> {
  readonly text: string;
  readonly images: readonly string[];
  /** `pending`: the model has not read it yet. */
  readonly state: "task" | "pending" | "read";
}

/** What the model says, as Markdown. */
export interface TextBlock extends Part<"text"> {
  readonly text: string;
  readonly streams: boolean;
}

export interface ThoughtsBlock extends Part<"thoughts"> {
  readonly text: string;
  readonly streams: boolean;
}

export interface ToolBlock extends Part<"tool"> {
  readonly tool: string;
  readonly title: string;
  readonly state: "running" | "good" | "bad";
  /** How it ended, in a line. */
  readonly ending: string;
  /** What it gave, cut. */
  readonly output: string;
  /** A change of a text, as lines that begin with `-` and `+`. */
  readonly change: string;
  /** The file that it is about, relative to the workspace. */
  readonly path: string;
}

export interface PlanItem {
  readonly text: string;
  readonly status: "pending" | "in_progress" | "done" | "dropped";
  readonly depth: number;
}

/** The agent's plan; only the newest is shown in full. */
export interface PlanBlock extends Part<"plan"> {
  readonly label: string;
  readonly items: readonly PlanItem[];
  readonly isNewest: boolean;
}

export interface ConditionLine {
  readonly text: string;
  readonly verdict: Verdict;
  readonly missing: string;
  readonly evidence: readonly { readonly label: string; readonly output: string }[];
}

export interface GoalsBlock extends Part<"goals"> {
  readonly label: string;
  readonly tone: Tone;
  readonly conditions: readonly ConditionLine[];
}

export interface CandidateLine {
  readonly title: string;
  readonly text: string;
  readonly size: number;
  readonly problem: string;
  readonly notes: readonly string[];
  readonly changes: string;
  readonly points: number | undefined;
}

export interface CandidatesBlock extends Part<"candidates"> {
  readonly label: string;
  readonly reason: string;
  readonly winner: number;
  readonly groups: readonly CandidateLine[];
}

/** Where a subagent or an attempt begins; its own conversation stands below. */
export interface ChildBlock extends Part<"child"> {
  readonly runId: string;
  readonly title: string;
  readonly attempt: number | undefined;
}

export interface WorkflowBlock extends Part<"workflow"> {
  readonly label: string;
  readonly tone: Tone;
  readonly nodes: readonly {
    readonly id: string;
    readonly title: string;
    readonly state: NodeState;
    readonly depth: number;
    readonly why: string;
  }[];
}

/** A question of permission; once it is settled, `answered` says how. */
export interface QuestionBlock extends Part<"question"> {
  readonly questionId: string;
  readonly summary: string;
  readonly detail: string;
  /** What each wider answer would allow; empty where it is not on offer. */
  readonly runRule: string;
  readonly projectRule: string;
  readonly everywhereRule: string;
  readonly offersSandbox: boolean;
  readonly answered: string;
  readonly tone: Tone;
}

export interface NoteBlock extends Part<"note"> {
  readonly label: string;
  readonly detail: string;
  readonly tone: Tone;
}

export interface EndBlock extends Part<"end"> {
  readonly outcome: RunState;
  readonly label: string;
  readonly detail: string;
  readonly tone: Tone;
  /** What the run asks the person; empty if it asks nothing. */
  readonly question: string;
  /** False once the run went on. */
  readonly isLast: boolean;
  /** What the run left changed in files. */
  readonly changes: "none" | "some" | "taken back";
}

export type Block =
  | PersonBlock
  | TextBlock
  | ThoughtsBlock
  | ToolBlock
  | PlanBlock
  | GoalsBlock
  | CandidatesBlock
  | ChildBlock
  | WorkflowBlock
  | QuestionBlock
  | NoteBlock
  | EndBlock;

/** What stands above the blocks of a run. */
export interface Heading {
  readonly runId: string;
  readonly parentId: string | undefined;
  readonly title: string;
  readonly state: RunState;
  readonly model: string;
  readonly step: number;
  readonly cycle: number;
  /** ISO 8601; that of the end is empty while the run is at work. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly costUsd: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  /** The share of the last step's prompt that the endpoint had in its cache, 0 to 1. */
  readonly cacheHitRate?: number;
  /** The size of the prompt, and the size at which it is made anew; 0 while not known. */
  readonly promptTokens: number;
  readonly budgetTokens: number;
  /** What the run works in; Max Mode builds. */
  readonly mode: TalkMode;
  /** The mode that a person gave the run alone. */
  readonly permissions: PermissionMode | undefined;
}

/** A run as lists of past ones show it. */
export interface PastRun {
  readonly runId: string;
  readonly title: string;
  readonly state: RunState;
  readonly startedAt: string;
}

/** What a person may complete a word to; `insert` replaces the word. */
export interface Completion {
  readonly label: string;
  readonly detail: string;
  readonly insert: string;
}

/** What changed in a run: new and changed blocks in their order, texts that grew, and what is gone. */
export interface Change {
  readonly heading: Heading;
  readonly blocks: readonly Block[];
  readonly grown: readonly { readonly id: string; readonly more: string }[];
  readonly removed: readonly string[];
}

/** What the extension says to the page. */
export type ToPage =
  | { readonly type: "words"; readonly words: Readonly<Record<string, string>> }
  /** The page shows this run from here on, of which nothing is drawn yet; none: a new conversation. */
  | { readonly type: "shows"; readonly runId: string; readonly loading: boolean }
  | { readonly type: "changed"; readonly changes: readonly Change[] }
  | { readonly type: "past"; readonly runs: readonly PastRun[] }
  /** The mode of the settings. */
  | { readonly type: "permissions"; readonly mode: PermissionMode }
  | { readonly type: "server"; readonly isRunning: boolean; readonly canReview: boolean }
  /** Whether what was sent under that number was taken. */
  | { readonly type: "sent"; readonly number: number; readonly isTaken: boolean }
  | { readonly type: "history"; readonly texts: readonly string[] }
  | { readonly type: "write"; readonly text: string }
  /** The person wants to write. */
  | { readonly type: "focus" }
  | {
      readonly type: "completions";
      readonly number: number;
      readonly items: readonly Completion[];
    };

/** What is about the text that a person writes. */
export type ToComposer = Extract<
  ToPage,
  { readonly type: "sent" | "history" | "permissions" | "completions" }
>;

const IMAGES_MAX = 10;

const TalkMode = v.picklist(["build", "plan", "max"]);
export type TalkMode = v.InferOutput<typeof TalkMode>;

const PermissionMode = v.picklist(["read-only", "ask", "auto-edit", "sandboxed", "full"]);
export type PermissionMode = v.InferOutput<typeof PermissionMode>;

/** What the page asks for; it draws what models wrote, so that nothing of it is taken on trust. */
export const FromPage = v.variant("type", [
  v.object({ type: v.literal("ready"), runId: v.string() }),
  v.object({ type: v.literal("show"), runId: v.string() }),
  /** The questions of which it shows the cards, each time that they are others. */
  v.object({ type: v.literal("asks"), questionIds: v.array(v.string()) }),
  v.object({
    type: v.literal("send"),
    number: v.number(),
    runId: v.string(),
    text: v.string(),
    images: v.pipe(v.array(v.string()), v.maxLength(IMAGES_MAX)),
    /** Left out where it is that of the run. */
    mode: v.optional(TalkMode),
    /** For that run alone; left out where it is that of the settings. */
    permissions: v.optional(PermissionMode),
  }),
  v.object({ type: v.literal("stop"), runId: v.string() }),
  /** Another mode for a run at work, from its next step on. */
  v.object({ type: v.literal("switch"), runId: v.string(), isMax: v.boolean() }),
  v.object({
    type: v.literal("answer"),
    questionId: v.string(),
    answer: v.picklist(["once", "run", "always", "everywhere", "sandboxed", "deny"]),
    reason: v.string(),
    /** What a person made of the rule that the answer allows; empty for the one of the question. */
    rule: v.string(),
  }),
  v.object({ type: v.literal("diff"), text: v.string(), title: v.string() }),
  v.object({ type: v.literal("open"), target: v.string() }),
  v.object({ type: v.literal("insert"), text: v.string() }),
  v.object({
    type: v.literal("act"),
    name: v.picklist(["show", "undo", "resume", "compare", "review", "chooseModel"]),
    runId: v.string(),
  }),
  v.object({
    type: v.literal("complete"),
    number: v.number(),
    sign: v.picklist(["@", "/"]),
    word: v.string(),
  }),
  v.object({ type: v.literal("past") }),
  v.object({ type: v.literal("rename"), runId: v.string(), title: v.string() }),
  v.object({ type: v.literal("delete"), runId: v.string() }),
  v.object({ type: v.literal("permissions"), runId: v.string(), mode: PermissionMode }),
]);
export type FromPage = v.InferOutput<typeof FromPage>;
