/**
 * What happened in the runs of this window: a fold over the server's Events, with a
 * bound on what is kept. The views draw it; the journal of the server is the truth.
 */
import type { CandidateGroup, EventNotice, Question, RunEntry, RunState } from "./protocol.js";
import { shownEvent, type ShownEvent } from "./protocol.js";

export interface Run {
  readonly runId: string;
  readonly title: string;
  readonly state: RunState;
  readonly step: number;
  readonly costUsd: number;
  readonly startedAt: string;
  readonly entries: readonly Entry[];
  readonly questions: readonly Question[];
  /** What was drawn for its last step, if a person may choose. */
  readonly proposal: Judged | undefined;
  readonly proposes: boolean;
}

export interface Entry {
  readonly kind: "said" | "call" | "judged" | "question" | "checked" | "warning" | "told";
  readonly label: string;
  readonly detail: string;
  readonly state: "open" | "good" | "bad" | "plain";
  readonly id: string;
  readonly judged?: Judged;
}

export interface Judged {
  readonly groups: readonly CandidateGroup[];
  readonly winner: number;
  readonly reason: string;
}

export type RunLog = ReadonlyMap<string, Run>;

const RUNS_MAX = 50;
const ENTRIES_MAX = 500;
const DETAIL_CHARS_MAX = 4000;
const LABEL_CHARS_MAX = 120;

/** With what the server lists; what was seen happening here is kept. */
export function listed(log: RunLog, runs: readonly RunEntry[]): RunLog {
  const all = new Map<string, Run>();
  for (const run of runs.slice(0, RUNS_MAX)) {
    const known = log.get(run.runId) ?? blank(run.runId, run.startedAt);
    all.set(run.runId, {
      ...known,
      title: run.title,
      state: known.questions.length > 0 && run.state === "running" ? "waiting" : run.state,
      step: run.step,
      costUsd: run.costUsd,
      questions: isActive(run) ? known.questions : [],
    });
  }
  return all;
}

/** With one more Event. */
export function followed(log: RunLog, notice: EventNotice): RunLog {
  const event = shownEvent(notice);
  if (event === undefined) {
    return log;
  }
  const before = log.get(notice.runId) ?? blank(notice.runId, notice.at);
  const after = next(before, event, `${notice.runId}/${notice.seq}`);
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

function blank(runId: string, startedAt: string): Run {
  return {
    runId,
    title: runId,
    state: "running",
    step: 0,
    costUsd: 0,
    startedAt,
    entries: [],
    questions: [],
    proposal: undefined,
    proposes: false,
  };
}

function next(run: Run, event: ShownEvent, id: string): Run {
  switch (event.kind) {
    case "run_started":
      return {
        ...run,
        title: oneLine(event.task.instruction.trim().split("\n", 1)[0] ?? ""),
        state: "running",
        proposes: event.task.sampling.propose,
      };
    case "run_resumed":
      return added({ ...run, state: "running" }, told(id, "goes on"));
    case "step_started":
      return { ...run, step: event.step };
    case "model_answered":
      return event.message.text.trim() === ""
        ? run
        : added(run, entry("said", id, event.message.text, event.message.text, "plain"));
    case "tool_called":
      return added(run, entry("call", event.call.id, event.title, "", "open"));
    case "tool_returned":
      return returned(run, event.callId, event.result.text, event.result.isError, event.seconds);
    case "candidates_judged": {
      const judged = { groups: event.groups, winner: event.winner, reason: event.reason };
      const label = `${event.drawn} candidates: ${event.groups[event.winner]?.title ?? event.by}`;
      return {
        ...added(run, { ...entry("judged", id, label, event.reason, "plain"), judged }),
        proposal: run.proposes ? judged : undefined,
      };
    }
    case "candidate_accepted":
      return added({ ...run, proposal: undefined }, told(id, `accepted ${event.group + 1}`));
    case "permission_asked":
      return {
        ...added(
          run,
          entry(
            "question",
            event.question.id,
            event.question.summary,
            event.question.detail,
            "open",
          ),
        ),
        state: "waiting",
        questions: [...run.questions, event.question],
      };
    case "permission_answered":
      return answered(run, event.questionId, event.answer);
    case "goal_checked":
      return event.report.conditions.reduce((soFar, condition, place) => {
        const good = condition.verdict === "met" || condition.verdict === "waived";
        const label = `${condition.verdict}: ${condition.condition.text}`;
        const checked = entry(
          "checked",
          `${id}/${place}`,
          label,
          condition.missing,
          good ? "good" : "bad",
        );
        return added(soFar, checked);
      }, run);
    case "warned":
      return added(run, entry("warning", id, event.message, event.message, "bad"));
    case "step_finished":
      return { ...run, step: event.step, costUsd: event.costUsd };
    case "file_restored":
      return added(run, told(id, event.conflict ?? `restored ${event.path}`));
    case "run_ended": {
      const { outcome, summary, question, reason, error } = event.outcome;
      const text = summary ?? question ?? reason ?? error ?? "";
      return {
        ...added(run, told(id, `${outcome}: ${text}`)),
        state: outcome,
        costUsd: event.costUsd,
        questions: [],
      };
    }
  }
}

function returned(run: Run, callId: string, text: string, isError: boolean, seconds: number): Run {
  return changed(run, callId, (call) => ({
    ...call,
    label: `${call.label} (${seconds.toFixed(1)} s)`,
    detail: text.slice(0, DETAIL_CHARS_MAX),
    state: isError ? "bad" : "good",
  }));
}

function answered(run: Run, questionId: string, answer: string): Run {
  const questions = run.questions.filter((question) => question.id !== questionId);
  const after = changed(run, questionId, (question) => ({
    ...question,
    label: `${answer}: ${question.label}`,
    state: answer === "deny" ? "bad" : "good",
  }));
  return { ...after, questions, state: questions.length > 0 ? "waiting" : "running" };
}

function changed(run: Run, id: string, change: (entry: Entry) => Entry): Run {
  return { ...run, entries: run.entries.map((each) => (each.id === id ? change(each) : each)) };
}

function added(run: Run, more: Entry): Run {
  return { ...run, entries: [...run.entries, more].slice(-ENTRIES_MAX) };
}

function told(id: string, text: string): Entry {
  return entry("told", id, text, text, "plain");
}

function entry(
  kind: Entry["kind"],
  id: string,
  label: string,
  detail: string,
  state: Entry["state"],
): Entry {
  return { kind, id, label: oneLine(label), detail: detail.slice(0, DETAIL_CHARS_MAX), state };
}

function oneLine(text: string): string {
  const line = text.split(/\s+/).join(" ").trim();
  return line.length <= LABEL_CHARS_MAX ? line : `${line.slice(0, LABEL_CHARS_MAX - 1)}…`;
}
