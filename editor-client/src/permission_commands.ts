/** The commands about what runs ask a person, and about how much a run may do without asking. */
import * as vscode from "vscode";
import type { Diffs } from "./diffs.js";
import { askForText } from "./input.js";
import { CommandName, type Answer, type PermissionMode, type Question } from "./protocol.js";
import { chosenRun, type RunHandler } from "./run_commands.js";
import { isActive, openQuestions, type RunNode } from "./run_log.js";
import type { Runs } from "./runs.js";
import type { Server } from "./server.js";

export function permissionCommands(
  server: Server,
  runs: Runs,
  diffs: Diffs,
): Record<string, RunHandler> {
  const answerWith =
    (answer: Answer): RunHandler =>
    (node) =>
      server.command(CommandName.permissionAnswer, { id: node?.entry?.id, answer });
  return {
    answer: (node) => answer(server, runs, diffs, node),
    once: answerWith("once"),
    forRun: answerWith("run"),
    always: answerWith("always"),
    deny: answerWith("deny"),
    permissions: async (node) => {
      const title = vscode.l10n.t("What may it do without asking?");
      const run = node?.run ?? (await chosenRun(runs, title, isActive));
      const placeHolder = run?.title ?? "";
      const chosen = run && (await vscode.window.showQuickPick(modes(), { title, placeHolder }));
      if (chosen !== undefined) {
        const argument = { runId: run?.runId, mode: chosen.mode };
        await server.command(CommandName.permissionMode, argument);
      }
    },
  };
}

/** The modes that a run can be switched to, from the narrowest to the widest. */
function modes(): readonly (vscode.QuickPickItem & { mode: PermissionMode })[] {
  return [
    { mode: "read-only", label: vscode.l10n.t("Change nothing") },
    { mode: "ask", label: vscode.l10n.t("Ask before edits and commands") },
    { mode: "auto-edit", label: vscode.l10n.t("Edit, and ask before commands") },
    { mode: "sandboxed", label: vscode.l10n.t("Edit, and run commands in the sandbox") },
    { mode: "full", label: vscode.l10n.t("Do everything") },
  ].map((item) => ({ ...item, mode: item.mode as PermissionMode, description: item.mode }));
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
  const given = await vscode.window.showQuickPick(answersTo(question), options);
  const more = given && (await wordsOf(given));
  if (given !== undefined && more !== undefined) {
    const argument = { id: question.id, answer: given.answer, ...more };
    await server.command(CommandName.permissionAnswer, argument);
    await diffs.close(question.detail);
  }
}

/** What a person adds to an answer: why not, or the rule as they want it. Undefined means dismissed. */
async function wordsOf({
  answer,
  rule,
}: AnswerItem): Promise<{ reason?: string; rule?: string } | undefined> {
  if (answer === "deny") {
    const reason = await askForText(vscode.l10n.t("Why? The model reads it."));
    return reason === undefined ? {} : { reason };
  }
  if (rule === undefined) {
    return {};
  }
  const edited = await askForText(vscode.l10n.t("Which rule is kept for this project?"), rule);
  return edited === undefined ? undefined : { rule: edited };
}

/** With a `rule` the person may change it before it is kept. */
type AnswerItem = vscode.QuickPickItem & { answer: Answer; rule?: string };

/** The answers that a question offers, the narrowest yes first. */
function answersTo(question: Question): readonly AnswerItem[] {
  const wider = (answer: Answer, label: string, rule?: string | null): readonly AnswerItem[] =>
    rule == null ? [] : [{ label, description: rule, answer }];
  const everywhere = question.general ? question.rule : undefined;
  return [
    { label: vscode.l10n.t("Approve once"), answer: "once" },
    ...wider("run", vscode.l10n.t("For this run"), question.runRule),
    ...wider("always", vscode.l10n.t("Always, in this project"), question.rule),
    ...wider(
      "always",
      vscode.l10n.t("Always, in this project, with another rule…"),
      question.rule,
    ).map((item) => ({ ...item, rule: question.rule ?? "" })),
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
