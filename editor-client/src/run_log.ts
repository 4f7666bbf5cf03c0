/**
 * What happened in the runs of this window: a fold over the server's Events, with a bound
 * on what is kept. Their words are the server's; the views draw them.
 */
import { Asked, Judged, Workflow } from "./event_shapes.js";
import { parsed } from "./parsed.js";
import type { EventNotice, Question, RunEntry, RunState, Tone, WorkflowNode } from "./protocol.js";

export interface Run {
  readonly runId: string;
  /** The run that began it, for a subagent or an attempt. */
  readonly parentId: string | undefined;
  readonly title: string;
  readonly state: RunState;
  readonly step: number;
  readonly costUsd: number;
  readonly startedAt: string;
  readonly entries: readonly Entry[];
  readonly questions: readonly Question[];
  /** The candidates of its last step, if a person may choose. */
  readonly proposal: Judged | undefined;
  readonly proposes: boolean;
  /** What it asks since it ended, for one that is blocked. */
  readonly asks: string | undefined;
  /** Whether what it changed was taken back since it ended. */
  readonly isTakenBack: boolean;
}

export interface Entry {
  /** The kind of its Event. */
  readonly kind: string;
  readonly id: string;
  /** The step in which it happened; 0 before the first. */
  readonly step: number;
  readonly label: string;
  readonly detail: string;
  readonly tone: Tone;
  readonly judged?: Judged;
  /** The subagent or attempt that begins there. */
  readonly childId?: string;
  /** The nodes of the workflow that it is about, from the top of their tree down. */
  readonly nodes?: readonly WorkflowNode[];
  /** The number of the attempt that begins there. */
  readonly attempt?: number;
}

export type RunLog = ReadonlyMap<string, Run>;

const RUNS_MAX = 50;
const ENTRIES_MAX = 500;
const LABEL_CHARS_MAX = 120;

/** The log with what the server lists; what was seen happening here is kept. */
export function listed(log: RunLog, runs: readonly RunEntry[]): RunLog {
  const ids = new Set(runs.map(({ runId }) => runId));
  // One that began while the server made the list is not in it.
  const all = new Map([...log].filter(([runId, run]) => !ids.has(runId) && isActive(run)));
  for (const run of runs.slice(0, RUNS_MAX)) {
    const known = log.get(run.runId) ?? blank(run.runId, run.startedAt, run.parentId);
    all.set(run.runId, {
      ...known,
      title: run.title,
      state: known.questions.length > 0 && run.state === "running" ? "waiting" : run.state,
      step: run.step,
      costUsd: run.costUsd,
      isTakenBack: run.takenBack,
      questions: isActive(run) ? known.questions : [],
    });
  }
  return all;
}

/** The log with one more Event. */
export function followed(log: RunLog, notice: EventNotice): RunLog {
  if (notice.event.kind === "streamed") {
    return log;
  }
  const before = log.get(notice.runId) ?? blank(notice.runId, notice.at, notice.parentId);
  const after = next(before, notice);
  const others = [...log].filter(([runId]) => runId !== notice.runId);
  return log.has(notice.runId)
    ? new Map([...log].map(([runId, run]) => [runId, runId === notice.runId ? after : run]))
    : new Map([[notice.runId, after], ...others.slice(0, RUNS_MAX - 1)]);
}

/** The questions that wait for a person, oldest first. */
export function openQuestions(log: RunLog): readonly { run: Run; question: Question }[] {
  return [...log.values()].flatMap((run) => run.questions.map((question) => ({ run, question })));
}

export function isActive(run: Pick<Run, "state">): boolean {
  return run.state === "running" || run.state === "waiting";
}

/** The runs that people began. */
export function own(log: RunLog): readonly Run[] {
  return [...log.values()].filter(({ parentId }) => parentId === undefined);
}

/** A run, one thing that it did, or a node of a workflow by its place among them. */
export interface RunNode {
  readonly run: Run;
  readonly entry?: Entry;
  readonly place?: number;
  /** Its number, for one of several attempts. */
  readonly attempt?: number;
}

/** What stands below a workflow, or below a node of it. */
export function nodeRows({ run, entry, place }: RunNode): RunNode[] {
  const nodes = entry?.nodes;
  if (entry === undefined || nodes === undefined) {
    return [];
  }
  const depth = place === undefined ? -1 : (nodes[place]?.depth ?? 0);
  const first = place === undefined ? 0 : place + 1;
  const end = nodes.findIndex((node, index) => index >= first && node.depth <= depth);
  return nodes.flatMap((node, index) =>
    index >= first && (end === -1 || index < end) && node.depth === depth + 1
      ? [{ run, entry, place: index }]
      : [],
  );
}

/** What a run did, with its subagents and attempts where they began; those of an earlier window come first. */
export function rows(log: RunLog, run: Run): RunNode[] {
  const begun = new Set(run.entries.map(({ childId }) => childId));
  const earlier = [...log.values()].filter(
    ({ runId, parentId }) => parentId === run.runId && !begun.has(runId),
  );
  const entries = run.entries.map((entry): RunNode => {
    const child = entry.childId === undefined ? undefined : log.get(entry.childId);
    return child === undefined ? { run, entry } : { run: child, ...numbered(entry) };
  });
  return [...earlier.map((child) => ({ run: child })), ...entries];
}

function numbered({ attempt }: Entry): { attempt?: number } {
  return attempt === undefined ? {} : { attempt };
}

function blank(runId: string, startedAt: string, parentId: string | undefined): Run {
  return {
    runId,
    parentId,
    title: runId,
    state: "running",
    step: 0,
    costUsd: 0,
    startedAt,
    entries: [],
    questions: [],
    proposal: undefined,
    proposes: false,
    asks: undefined,
    isTakenBack: false,
  };
}

/** A run after an Event; one of a kind that means nothing more here is shown in its words. */
function next(before: Run, notice: EventNotice): Run {
  const { event, view } = notice;
  const { fields } = view;
  const run = {
    ...before,
    step: fields.step ?? before.step,
    costUsd: fields.costUsd ?? before.costUsd,
  };
  switch (event.kind) {
    case "run_started":
      return { ...run, title: view.label, state: "running", proposes: fields.proposes ?? false };
    case "run_resumed":
      return withEntry({ ...run, state: "running", asks: undefined, isTakenBack: false }, notice);
    case "file_restored":
      return withEntry(view.tone === "bad" ? run : { ...run, isTakenBack: true }, notice);
    case "tool_called":
      return withEntry(run, notice, { id: fields.callId ?? "" });
    case "child_started":
      return withEntry(run, notice, fields.runId === undefined ? {} : { childId: fields.runId });
    case "workflow_changed":
      return workflowChanged(run, notice);
    case "attempt_started":
      return withEntry(run, notice, {
        ...(fields.runId === undefined ? {} : { childId: fields.runId }),
        ...(fields.attempt === undefined ? {} : { attempt: fields.attempt }),
      });
    case "tool_returned":
      return changed(run, fields.callId, ({ label }) => ({
        label: oneLine(`${label}: ${view.label}`),
        detail: view.detail,
        tone: view.tone,
      }));
    case "candidates_judged": {
      const judged = parsed(Judged, event);
      return judged === undefined
        ? withEntry(run, notice)
        : {
            ...withEntry(run, notice, { judged }),
            proposal: run.proposes ? judged : undefined,
          };
    }
    case "candidate_accepted":
      return { ...withEntry(run, notice), proposal: undefined };
    case "permission_asked": {
      const question = parsed(Asked, event)?.question;
      return question === undefined
        ? withEntry(run, notice)
        : {
            ...withEntry(run, notice, { id: question.id, label: oneLine(question.summary) }),
            state: "waiting",
            questions: [...run.questions, question],
          };
    }
    case "permission_answered":
      return answered(run, notice);
    case "run_ended": {
      const state = fields.outcome ?? "stopped";
      const asks = state === "blocked" ? behindState(view.label) : undefined;
      return { ...withEntry(run, notice), state, questions: [], asks };
    }
    default:
      return withEntry(run, notice);
  }
}

/** What the end of a run says behind its state, as in `blocked: Which one?`. */
export function behindState(label: string): string {
  return label.slice(label.indexOf(":") + 1).trim();
}

function answered(run: Run, { view }: EventNotice): Run {
  const id = view.fields.questionId;
  const questions = run.questions.filter((question) => question.id !== id);
  const after = changed(run, id, ({ label }) => ({
    label: oneLine(`${view.label}: ${label}`),
    tone: view.tone,
  }));
  return { ...after, questions, state: questions.length > 0 ? "waiting" : "running" };
}

/** The run with the one row that a workflow of it has. */
function workflowChanged(run: Run, notice: EventNotice): Run {
  const { event, view } = notice;
  const id = `${run.runId}/workflow/${parsed(Workflow, event)?.callId ?? ""}`;
  const shown = { label: oneLine(view.label), detail: view.detail, tone: view.tone };
  const after = { ...shown, nodes: view.fields.nodes ?? [] };
  return run.entries.some((each) => each.id === id)
    ? changed(run, id, () => after)
    : withEntry(run, notice, { id, ...after });
}

function changed(run: Run, id: string | undefined, change: (entry: Entry) => Partial<Entry>): Run {
  return {
    ...run,
    entries: run.entries.map((each) => (each.id === id ? { ...each, ...change(each) } : each)),
  };
}

/** The run with a row for an Event, unless only a complete log shows it. */
function withEntry(
  run: Run,
  { runId, seq, event, view }: EventNotice,
  more: Partial<Entry> = {},
): Run {
  if (view.label === "" || view.tone === "muted") {
    return run;
  }
  const entry = {
    kind: event.kind,
    id: `${runId}/${seq}`,
    step: run.step,
    label: oneLine(view.label),
    detail: view.detail,
    tone: view.tone,
    ...more,
  };
  return { ...run, entries: [...run.entries, entry].slice(-ENTRIES_MAX) };
}

function oneLine(text: string): string {
  const line = text.split(/\s+/).join(" ").trim();
  return line.length <= LABEL_CHARS_MAX ? line : `${line.slice(0, LABEL_CHARS_MAX - 1)}…`;
}
