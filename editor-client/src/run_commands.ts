/** The commands of the palette and of the view of runs. */
import * as vscode from "vscode";
import type { Candidates } from "./candidates.js";
import type { Judged } from "./event_shapes.js";
import type { Diffs } from "./diffs.js";
import {
  askForAttempts,
  askForSamples,
  askForStep,
  askForText,
  currentSelection,
} from "./input.js";
import { notice } from "./notices.js";
import { CommandName, type RunEntry } from "./protocol.js";
import { isActive, own, type Run, type RunNode } from "./run_log.js";
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
    (
      name: CommandName,
      title: () => string,
      isChoice: (run: Run) => boolean,
      work: Server["begin"] = server.command,
    ): RunHandler =>
    async (node) => {
      const run = await choose(title(), isChoice, node);
      return run === undefined ? undefined : work(name, { runId: run.runId });
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
  return {
    work: async () => {
      const prompt = await askForText(vscode.l10n.t("What should be done?"));
      if (prompt !== undefined) {
        await server.begin(CommandName.runStart, { prompt, ...currentSelection() });
      }
    },
    attempts: async () => {
      const prompt = await askForText(vscode.l10n.t("What should be done?"));
      const attempts = prompt === undefined ? undefined : await askForAttempts();
      if (attempts !== undefined) {
        await server.begin(CommandName.runStart, { prompt, attempts, ...currentSelection() });
      }
    },
    propose: async () => {
      const prompt = await askForText(vscode.l10n.t("What should the candidates do?"));
      const samples = prompt === undefined ? undefined : await askForSamples();
      if (samples !== undefined) {
        const argument = { prompt, samples, ...currentSelection() };
        await server.begin(CommandName.maxPropose, argument);
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
      // One that waits or has ended goes on with what it is told.
      const run = await choose(vscode.l10n.t("Tell"), () => true, node);
      const text = run && (await askForText(run.asks ?? vscode.l10n.t("What should it know?")));
      if (text !== undefined) {
        await server.begin(CommandName.runSend, { runId: run?.runId, text });
      }
    },
    stop: onRun(CommandName.runStop, () => vscode.l10n.t("Stop"), isActive),
    switchMax: onRun(CommandName.maxSwitch, () => vscode.l10n.t("Switch Max Mode of"), isActive),
    resume: onRun(
      CommandName.runResume,
      () => vscode.l10n.t("Resume"),
      (run) => !isActive(run) && run.state !== "achieved" && run.state !== "finished",
      server.begin,
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
        await server.begin(CommandName.runFork, { ...place, prompt });
      }
    },
    preview: async (node) => {
      // The row has only the beginning of a long change.
      const open = node?.run.questions.find(({ id }) => id === node.entry?.id);
      const detail = open?.detail ?? node?.entry?.detail;
      if (node !== undefined && detail !== undefined) {
        await diffs.show(detail, node.run.title);
      }
    },
  };
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
