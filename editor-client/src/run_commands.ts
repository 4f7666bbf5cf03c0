/** The commands of the palette and of the view of runs. */
import * as vscode from "vscode";
import type { Candidates } from "./candidates.js";
import type { Diffs } from "./diffs.js";
import {
  askForAttempts,
  askForSamples,
  askForStep,
  askForText,
  currentSelection,
} from "./input.js";
import { notice } from "./notices.js";
import { CommandName, type Answer, type Question, type RunEntry } from "./protocol.js";
import { isActive, openQuestions, own, type Judged, type Run, type RunNode } from "./run_log.js";
import { stateName, type Runs } from "./runs.js";
import type { Server } from "./server.js";

export type RunHandler = (node?: RunNode) => unknown;

export function runCommands(
  server: Server,
  runs: Runs,
  candidates: Candidates,
  diffs: Diffs,
): Record<string, RunHandler> {
  /** The run of the row that was clicked, else one that the person chooses. */
  const choose = (
    title: string,
    isChoice: (run: Run) => boolean,
    node?: RunNode,
  ): Promise<Run | undefined> =>
    node === undefined ? chosenRun(runs, title, isChoice) : Promise.resolve(node.run);
  /** Runs a command on a run that the person chose. */
  const onRun =
    (name: CommandName, title: () => string, isChoice: (run: Run) => boolean): RunHandler =>
    async (node) => {
      const run = await choose(title(), isChoice, node);
      return run === undefined ? undefined : server.command(name, { runId: run.runId });
    };
  /** The step of the row that was clicked, else one that the person names. */
  const choosePlace = async (
    title: string,
    node?: RunNode,
  ): Promise<{ runId: string; step: number } | undefined> => {
    const run = await choose(title, (each) => !isActive(each), node);
    const step = run && (node?.entry?.step ?? (await askForStep(run.step)));
    return run === undefined || step === undefined ? undefined : { runId: run.runId, step };
  };
  const answerWith =
    (answer: Answer): RunHandler =>
    (node) =>
      server.command(CommandName.permissionAnswer, { id: node?.entry?.id, answer });
  return {
    work: async () => {
      const prompt = await askForText(vscode.l10n.t("What should be done?"));
      if (prompt !== undefined) {
        await server.command(CommandName.runStart, { prompt, ...currentSelection() });
      }
    },
    attempts: async () => {
      const prompt = await askForText(vscode.l10n.t("What should be done?"));
      const attempts = prompt === undefined ? undefined : await askForAttempts();
      if (attempts !== undefined) {
        await server.command(CommandName.runStart, { prompt, attempts, ...currentSelection() });
      }
    },
    propose: async () => {
      const prompt = await askForText(vscode.l10n.t("What should the candidates do?"));
      const samples = prompt === undefined ? undefined : await askForSamples();
      if (samples !== undefined) {
        const argument = { prompt, samples, ...currentSelection() };
        await server.command(CommandName.maxPropose, argument);
      }
    },
    compare: async (node) => {
      const run = await choose(vscode.l10n.t("Compare the candidates of"), hasJudged, node);
      const judged = node?.entry?.judged ?? run?.proposal ?? lastJudged(run);
      if (run === undefined || judged === undefined) {
        return;
      }
      const candidate = await candidates.choose(run, judged);
      if (candidate !== undefined) {
        await server.command(CommandName.maxAccept, { proposalId: run.runId, candidate });
      }
    },
    send: async (node) => {
      const run = await choose(vscode.l10n.t("Tell"), isActive, node);
      const text = run && (await askForText(vscode.l10n.t("What should it know?")));
      if (text !== undefined) {
        await server.command(CommandName.runSend, { runId: run?.runId, text });
      }
    },
    stop: onRun(CommandName.runStop, () => vscode.l10n.t("Stop"), isActive),
    switchMax: onRun(CommandName.maxSwitch, () => vscode.l10n.t("Switch Max Mode of"), isActive),
    resume: onRun(
      CommandName.runResume,
      () => vscode.l10n.t("Resume"),
      (run) => !isActive(run) && run.state !== "achieved" && run.state !== "finished",
    ),
    show: onRun(
      CommandName.runShow,
      () => vscode.l10n.t("Show the transcript of"),
      () => true,
    ),
    rewind: async (node) => {
      const place = await choosePlace(vscode.l10n.t("Take back to a step"), node);
      if (place !== undefined) {
        await server.command(CommandName.runRewind, place);
      }
    },
    fork: async (node) => {
      const place = await choosePlace(vscode.l10n.t("Go on from a step as a new run"), node);
      const prompt =
        place && (await askForText(vscode.l10n.t("What should the new run do instead?")));
      if (place !== undefined && prompt !== undefined) {
        await server.command(CommandName.runFork, { ...place, prompt });
      }
    },
    answer: (node) => answer(server, runs, diffs, node),
    preview: async (node) => {
      // The row has only the beginning of a long change.
      const open = node?.run.questions.find(({ id }) => id === node.entry?.id);
      const detail = open?.detail ?? node?.entry?.detail;
      if (node !== undefined && detail !== undefined) {
        await diffs.show(detail, node.run.title);
      }
    },
    once: answerWith("once"),
    forRun: answerWith("run"),
    always: answerWith("always"),
    deny: answerWith("deny"),
  };
}

/** Lets a person answer a question that waits, even after its notification was closed. */
async function answer(server: Server, runs: Runs, diffs: Diffs, node?: RunNode): Promise<void> {
  const open = openQuestions(runs.log());
  const items = open.map(({ run, question }) => ({
    label: question.summary,
    description: run.title,
    run,
    question,
  }));
  const [only] = open.length === 1 ? open : [];
  const named = open.find(({ question }) => question.id === node?.entry?.id) ?? only;
  const title = vscode.l10n.t("Holdfast waits for permission");
  const chosen =
    named ?? (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }));
  if (chosen === undefined) {
    return;
  }
  const { run, question } = chosen;
  void diffs.show(question.detail, run.title, vscode.ViewColumn.Beside);
  const options = { title: question.summary, placeHolder: run.title, ignoreFocusOut: true };
  const given = (await vscode.window.showQuickPick(answersTo(question), options))?.answer;
  if (given !== undefined) {
    const why = given === "deny" ? await askForText(vscode.l10n.t("Why? The model reads it.")) : "";
    const argument = { id: question.id, answer: given, ...(why ? { reason: why } : {}) };
    await server.command(CommandName.permissionAnswer, argument);
    await diffs.close(question.detail);
  }
}

type AnswerItem = vscode.QuickPickItem & { answer: Answer };

/** The answers that a question offers, the narrowest yes first. */
function answersTo(question: Question): readonly AnswerItem[] {
  const wider = (answer: Answer, label: string, rule?: string | null): readonly AnswerItem[] =>
    rule == null ? [] : [{ label, description: rule, answer }];
  const everywhere = question.general ? question.rule : undefined;
  return [
    { label: vscode.l10n.t("Approve once"), answer: "once" },
    ...wider("run", vscode.l10n.t("For this run"), question.runRule),
    ...wider("always", vscode.l10n.t("Always, in this project"), question.rule),
    ...wider("everywhere", vscode.l10n.t("Always, in all projects"), everywhere),
    ...(question.offersSandbox
      ? [
          {
            label: vscode.l10n.t("Go on in the sandbox, without asking"),
            answer: "sandboxed" as const,
          },
        ]
      : []),
    { label: vscode.l10n.t("Deny"), answer: "deny" },
  ];
}

/** A run for which `isChoice` holds; the person is asked when there are several. */
export async function chosenRun(
  runs: Runs,
  title: string,
  isChoice: (run: Run) => boolean,
): Promise<Run | undefined> {
  const all = own(runs.log());
  const choices = all.filter(isChoice);
  if (choices.length === 0) {
    const busy = all.find((run) => isActive(run) && isChoice({ ...run, state: "stopped" }));
    void vscode.window.showInformationMessage(
      busy === undefined
        ? vscode.l10n.t("Holdfast: there is no such run")
        : vscode.l10n.t("Holdfast: “{0}” is at work", notice(busy.title)),
    );
  }
  if (choices.length <= 1) {
    return choices[0];
  }
  const items = choices.map((run) => ({ label: run.title, description: stateAndTime(run), run }));
  return (await vscode.window.showQuickPick(items, { title }))?.run;
}

function stateAndTime({ state, startedAt }: Pick<RunEntry, "state" | "startedAt">): string {
  return `${stateName(state)} · ${new Date(startedAt).toLocaleString()}`;
}

/** Whether a run has candidates to compare. */
export function hasJudged(run: Run): boolean {
  return lastJudged(run) !== undefined;
}

function lastJudged(run: Run | undefined): Judged | undefined {
  return run?.entries.findLast(({ judged }) => judged !== undefined)?.judged;
}
