/**
 * The palette: asks for what a command needs and passes it on.
 *
 * The ids are `holdfast.ui.…`, since the language client registers the server's own
 * under their names. To add one: a handler here, its title in `package.json`.
 */
import * as vscode from "vscode";
import { askForApiKey } from "./api_key.js";
import type { Candidates } from "./candidates.js";
import type { Diffs } from "./diffs.js";
import { grouped, type Goals, type GoalsNode } from "./goals.js";
import { searchMemory } from "./memory.js";
import { notice } from "./notices.js";
import { CommandName, parsed, Reply, type RunEntry } from "./protocol.js";
import { isActive, openQuestions, type Run } from "./run_log.js";
import { stateName, type RunNode, type Runs } from "./runs.js";
import type { Server } from "./server.js";

export interface Surroundings {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly server: Server;
  readonly runs: Runs;
  readonly goals: Goals;
  readonly candidates: Candidates;
  readonly diffs: Diffs;
}

type Handler = (node?: RunNode & GoalsNode) => unknown;

export function commands(around: Surroundings): vscode.Disposable {
  const registered = Object.entries(handlers(around)).map(([name, handler]) =>
    vscode.commands.registerCommand(`holdfast.ui.${name}`, handler),
  );
  return vscode.Disposable.from(...registered);
}

function handlers(around: Surroundings): Record<string, Handler> {
  const { context, log, server } = around;
  const run = (name: CommandName, argument?: object): Promise<unknown> =>
    server.command(name, argument);
  return {
    ...runHandlers(around),
    ...goalHandlers(around),
    searchMemory: () => {
      searchMemory(server);
    },
    remember: async () => {
      const text = await ask(vscode.l10n.t("What should Holdfast remember about this project?"));
      return text === undefined
        ? undefined
        : told(run(CommandName.memoryRemember, { text, uri: place().uri }));
    },
    forget: async () => {
      const query = await ask(vscode.l10n.t("What should Holdfast forget? Facts that match go."));
      return query === undefined ? undefined : told(run(CommandName.memoryForget, { query }));
    },
    reindex: () => told(run(CommandName.memoryReindex)),
    memoryStatus: () => told(run(CommandName.memoryStatus)),
    doctor: () => run(CommandName.doctor),
    setApiKey: async () => {
      if (await askForApiKey(context.secrets)) {
        await server.restart();
      }
    },
    install: () => server.install(),
    restart: () => server.restart(),
    showLog: () => {
      log.show();
    },
    openSettings: () =>
      vscode.commands.executeCommand(
        "workbench.action.openSettings",
        `@ext:${context.extension.id}`,
      ),
    menu: () => menu(around),
  };
}

function runHandlers({ server, runs, candidates, diffs }: Surroundings): Record<string, Handler> {
  const choose = (
    title: string,
    fits: (run: Run) => boolean,
    node?: RunNode,
  ): Promise<Run | undefined> =>
    node === undefined ? chosenRun(runs, title, fits) : Promise.resolve(node.run);
  return {
    work: async () => {
      const prompt = await ask(vscode.l10n.t("What should be done?"));
      return prompt && server.command(CommandName.runStart, { prompt, ...place() });
    },
    propose: async () => {
      const prompt = await ask(vscode.l10n.t("What should the candidates do?"));
      const samples = prompt && (await askForSamples());
      return samples && server.command(CommandName.maxPropose, { prompt, samples, ...place() });
    },
    compare: async (node) => {
      const run = await choose(vscode.l10n.t("Compare the candidates of"), hasJudged, node);
      const judged = node?.entry?.judged ?? run?.proposal ?? lastJudged(run);
      const candidate = run && judged && (await candidates.choose(run, judged));
      const argument = { proposalId: run?.runId, candidate };
      return candidate && server.command(CommandName.maxAccept, argument);
    },
    stop: async (node) => {
      const run = await choose(vscode.l10n.t("Stop"), isActive, node);
      return run && server.command(CommandName.runStop, { runId: run.runId });
    },
    switchMax: async (node) => {
      const run = await choose(vscode.l10n.t("Switch Max Mode of"), isActive, node);
      return run && server.command(CommandName.maxSwitch, { runId: run.runId });
    },
    resume: async (node) => {
      const fits = (run: Run): boolean => !isActive(run) && run.state !== "achieved";
      const run = await choose(vscode.l10n.t("Resume"), fits, node);
      return run && server.command(CommandName.runResume, { runId: run.runId });
    },
    send: async (node) => {
      const run = await choose(vscode.l10n.t("Tell"), isActive, node);
      const text = run && (await ask(vscode.l10n.t("What should it know?")));
      return text && server.command(CommandName.runSend, { runId: run.runId, text });
    },
    show: async (node) => {
      const run = await choose(vscode.l10n.t("Show the transcript of"), () => true, node);
      return run && server.command(CommandName.runShow, { runId: run.runId });
    },
    undo: async (node) => {
      const run = await choose(vscode.l10n.t("Take back"), (each) => !isActive(each), node);
      return run && server.command(CommandName.runUndo, { runId: run.runId });
    },
    answer: (node) => answer(server, runs, diffs, node),
    preview: (node) => {
      // What is kept of it in the view may be cut.
      const open = node?.run.questions.find(({ id }) => id === node.entry?.id);
      return node && diffs.show(open?.detail ?? node.entry?.detail ?? "", node.run.title);
    },
    ...Object.fromEntries(
      (["once", "always", "deny"] as const).map((given) => [
        given,
        (node?: RunNode) =>
          server.command(CommandName.permissionAnswer, { id: node?.entry?.id, answer: given }),
      ]),
    ),
  };
}

function goalHandlers({ server, goals }: Surroundings): Record<string, Handler> {
  const choose = async (
    title: string,
    node?: GoalsNode,
  ): Promise<{ goalId: string; uri: string } | undefined> => {
    const items = grouped(goals.entries()).map((goal) => ({
      label: goal.title,
      description: vscode.workspace.asRelativePath(vscode.Uri.parse(goal.uri)),
      goal,
    }));
    const goal = node ?? (await vscode.window.showQuickPick(items, { title }))?.goal;
    return goal && { goalId: goal.goalId, uri: goal.uri };
  };
  return {
    newGoal: async () => {
      const title = await ask(vscode.l10n.t("What must hold in the end?"));
      const check = title && (await askForCheck());
      const checks = check ? [check] : [];
      const argument = { title, checks, uri: place().uri };
      return check !== undefined && title && server.command(CommandName.goalNew, argument);
    },
    workOnGoal: async (node) => {
      const goal = await choose(vscode.l10n.t("Work on"), node);
      return goal && server.command(CommandName.runStart, goal);
    },
    workOnGoalMax: async (node) => {
      const goal = await choose(vscode.l10n.t("Work with Max Mode on"), node);
      return goal && server.command(CommandName.runStart, { ...goal, maxMode: true });
    },
    checkGoals: (node) =>
      server.command(
        CommandName.goalCheck,
        node === undefined ? { all: true } : { goalId: node.goalId, uri: node.uri },
      ),
    waive: async (node) => {
      const open = goals
        .entries()
        .filter(({ verdict }) => verdict !== "met" && verdict !== "waived");
      const items = open.map((entry) => ({
        label: entry.condition,
        description: entry.title,
        entry,
      }));
      const title = vscode.l10n.t("Waive");
      const entry =
        node !== undefined && "conditionId" in node
          ? node
          : (await vscode.window.showQuickPick(items, { title }))?.entry;
      const argument = { condition: entry?.conditionId, uri: entry?.uri };
      return entry && server.command(CommandName.goalWaive, argument);
    },
  };
}

/** Lets a person answer a question that waits, even after its notification was closed. */
async function answer(server: Server, runs: Runs, diffs: Diffs, node?: RunNode): Promise<unknown> {
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
    return undefined;
  }
  const { run, question } = chosen;
  void diffs.show(question.detail, run.title, vscode.ViewColumn.Beside);
  const answers = [
    { label: vscode.l10n.t("Approve once"), answer: "once" },
    ...(question.rule == null
      ? []
      : [{ label: vscode.l10n.t("Always"), description: question.rule, answer: "always" }]),
    { label: vscode.l10n.t("Deny"), answer: "deny" },
  ];
  const options = { title: question.summary, placeHolder: run.title, ignoreFocusOut: true };
  const given = (await vscode.window.showQuickPick(answers, options))?.answer;
  if (given !== undefined) {
    await server.command(CommandName.permissionAnswer, { id: question.id, answer: given });
    await diffs.close(question.detail);
  }
  return given;
}

/** What fits the moment, most pressing first. */
async function menu({ server, runs, context }: Surroundings): Promise<unknown> {
  const all = [...runs.log().values()];
  const active = all.some(isActive);
  const titles = new Map(
    contributed(context.extension).map(({ command, title, icon }) => [
      command,
      `${icon ?? "$(blank)"} ${typeof title === "string" ? title : title.value}`,
    ]),
  );
  const names =
    server.state === "running"
      ? [
          ...(openQuestions(runs.log()).length > 0 ? ["answer"] : []),
          ...(active ? ["stop", "send", "switchMax"] : []),
          ...["work", "workOnGoal", "newGoal", "checkGoals", "propose"],
          ...(all.some(hasJudged) ? ["compare"] : []),
          ...(server.knows(CommandName.memorySearch) ? ["searchMemory"] : []),
          ...(all.length > 0 ? ["show", "resume", "undo"] : []),
          ...["doctor", "setApiKey", "openSettings", "showLog", "restart"],
        ]
      : [
          ...(server.state === "missing" ? ["install"] : []),
          ...["restart", "openSettings", "showLog"],
        ];
  const items = names.map((name) => {
    const command = `holdfast.ui.${name}`;
    return { label: titles.get(command) ?? command, command };
  });
  const chosen = await vscode.window.showQuickPick(items, { title: "Holdfast" });
  return chosen && vscode.commands.executeCommand(chosen.command);
}

interface Contributed {
  readonly command: string;
  /** Where it is translated, VS Code keeps the English one beside it. */
  readonly title: string | { readonly value: string; readonly original: string };
  readonly icon?: string;
}

function contributed(extension: vscode.Extension<unknown>): readonly Contributed[] {
  const manifest = extension.packageJSON as { contributes: { commands: Contributed[] } };
  return manifest.contributes.commands;
}

async function chosenRun(
  runs: Runs,
  title: string,
  fits: (run: Run) => boolean,
): Promise<Run | undefined> {
  const all = [...runs.log().values()];
  const fitting = all.filter(fits);
  if (fitting.length === 0) {
    const atWork = all.find((run) => isActive(run) && fits({ ...run, state: "stopped" }));
    void vscode.window.showInformationMessage(
      atWork === undefined
        ? vscode.l10n.t("Holdfast: there is no such run")
        : vscode.l10n.t("Holdfast: “{0}” is at work", notice(atWork.title)),
    );
  }
  if (fitting.length <= 1) {
    return fitting[0];
  }
  const items = fitting.map((run) => ({ label: run.title, description: when(run), run }));
  return (await vscode.window.showQuickPick(items, { title }))?.run;
}

function when({ state, startedAt }: Pick<RunEntry, "state" | "startedAt">): string {
  return `${stateName(state)} · ${new Date(startedAt).toLocaleString()}`;
}

function hasJudged(run: Run): boolean {
  return lastJudged(run) !== undefined;
}

function lastJudged(run: Run | undefined): Run["proposal"] {
  return run?.entries.findLast(({ judged }) => judged !== undefined)?.judged;
}

/** The file that the person looks at, and what is selected in it. */
function place(): { uri?: string; range?: object } {
  const editor = vscode.window.activeTextEditor;
  if (
    editor?.document.uri.scheme !== "file" ||
    vscode.workspace.getWorkspaceFolder(editor.document.uri) === undefined
  ) {
    return {};
  }
  const { start, end } = editor.selection;
  const uri = editor.document.uri.toString();
  return editor.selection.isEmpty
    ? { uri }
    : {
        uri,
        range: {
          start: { line: start.line, character: start.character },
          end: { line: end.line, character: end.character },
        },
      };
}

async function ask(prompt: string): Promise<string | undefined> {
  const options = { title: "Holdfast", prompt, ignoreFocusOut: true };
  const text = (await vscode.window.showInputBox(options))?.trim();
  return text === "" ? undefined : text;
}

/** A command that must succeed; empty for none, undefined when dismissed. */
async function askForCheck(): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt: vscode.l10n.t("Which command succeeds once it holds? Empty: a model judges it."),
    placeHolder: "pytest -q tests/test_retry.py",
    ignoreFocusOut: true,
  });
  return text?.trim();
}

const SAMPLES_MAX = 16;

async function askForSamples(): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt: vscode.l10n.t("How many candidates?"),
    value: "5",
    ignoreFocusOut: true,
    validateInput: (value) =>
      /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= SAMPLES_MAX
        ? undefined
        : vscode.l10n.t("A number from 1 to {0}", SAMPLES_MAX),
  });
  return text === undefined ? undefined : Number(text);
}

/** Shows what a command replies, for those that have no view. */
async function told(reply: Promise<unknown>): Promise<void> {
  const message = parsed(Reply, await reply)?.message;
  if (message !== undefined) {
    void vscode.window.showInformationMessage(`Holdfast: ${notice(message)}`);
  }
}
