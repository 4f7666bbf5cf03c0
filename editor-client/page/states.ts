/** The words and marks of states: a colour never says anything alone. */
import type { PlanItem } from "../src/conversation_shape.js";
import type { NodeState, RunState, Tone, Verdict } from "../src/protocol.js";
import type { Word } from "../src/conversation_words.js";

interface Shown {
  readonly sign: string;
  readonly word: Word;
  readonly tone: Tone;
}

export const RUN_STATES: Readonly<Record<RunState, Shown>> = {
  running: { sign: "●", word: "running", tone: "waiting" },
  waiting: { sign: "?", word: "waiting", tone: "waiting" },
  achieved: { sign: "✓", word: "achieved", tone: "good" },
  finished: { sign: "✓", word: "finished", tone: "plain" },
  unmet: { sign: "○", word: "unmet", tone: "bad" },
  blocked: { sign: "?", word: "blockedState", tone: "waiting" },
  stopped: { sign: "■", word: "stopped", tone: "plain" },
  failed: { sign: "✗", word: "failed", tone: "bad" },
  interrupted: { sign: "■", word: "interrupted", tone: "plain" },
};

export const NODE_STATES: Readonly<Record<NodeState, Shown>> = {
  ...RUN_STATES,
  waiting: { sign: "○", word: "notBegun", tone: "muted" },
  skipped: { sign: "–", word: "skipped", tone: "muted" },
};

export const VERDICTS: Readonly<Record<Verdict, Shown>> = {
  met: { sign: "✓", word: "met", tone: "good" },
  unmet: { sign: "✗", word: "unmet", tone: "bad" },
  stale: { sign: "○", word: "stale", tone: "plain" },
  blocked: { sign: "?", word: "blockedState", tone: "waiting" },
  impossible: { sign: "✗", word: "impossible", tone: "bad" },
  unverified: { sign: "○", word: "unverified", tone: "plain" },
  waived: { sign: "–", word: "waived", tone: "muted" },
};

export const PLAN_STATES: Readonly<Record<PlanItem["status"], Shown>> = {
  done: { sign: "✓", word: "done", tone: "good" },
  in_progress: { sign: "●", word: "inProgress", tone: "waiting" },
  pending: { sign: "○", word: "pending", tone: "plain" },
  dropped: { sign: "–", word: "dropped", tone: "muted" },
};

export const TONE_SIGNS: Readonly<Record<Tone, string>> = {
  plain: "·",
  good: "✓",
  bad: "!",
  waiting: "…",
  muted: "·",
};
