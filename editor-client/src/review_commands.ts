/** The commands about what a run changed, and what is offered at its end. */
import * as vscode from "vscode";
import { notice, plainName } from "./notices.js";
import { CommandName } from "./protocol.js";
import type { ChangeNode, Review } from "./review.js";
import { isActive, type Run, type RunNode } from "./run_log.js";
import { chosenRun } from "./run_commands.js";
import type { Runs } from "./runs.js";
import type { Server } from "./server.js";

/** More than that is counted and not named before it is taken back. */
const NAMED_MAX = 10;

export function reviewCommands(
  server: Server,
  runs: Runs,
  review: Review,
): Record<string, (node?: never) => unknown> {
  const choose = (title: string, node?: RunNode): Promise<Run | undefined> =>
    node?.run === undefined
      ? chosenRun(runs, title, (run) => !isActive(run))
      : Promise.resolve(node.run);
  return {
    review: async (node?: RunNode) => {
      const run = await choose(vscode.l10n.t("Review"), node);
      if (run !== undefined) {
        await review.open(run.runId, run.title);
      }
    },
    undo: async (node?: RunNode) => {
      const run = await choose(vscode.l10n.t("Take back"), node);
      if (run !== undefined) {
        await takeBack(server, review, run.runId, run.title);
      }
    },
    showChange: (node?: ChangeNode) => node && review.show(node),
    // A row that was drawn anew meanwhile comes as none, which is not all of them.
    keepChange: (node?: ChangeNode) => node && review.answer(CommandName.runKeep, node),
    undoChange: (node?: ChangeNode) => node && review.answer(CommandName.runUndo, node),
    keepAll: () => review.answer(CommandName.runKeep),
    undoAll: () => review.answer(CommandName.runUndo),
  };
}

/** Takes a run back once the person has seen which files that is about. */
export async function takeBack(
  server: Server,
  review: Review,
  runId: string,
  title: string,
): Promise<void> {
  const files = (await review.changes(runId))?.files ?? [];
  const left = files.filter(({ state }) => state !== "undone").map((file) => plainName(file.path));
  if (left.length === 0) {
    const text = vscode.l10n.t("Holdfast: “{0}” left nothing to take back", notice(title));
    void vscode.window.showInformationMessage(text);
    return;
  }
  const named = left.slice(0, NAMED_MAX);
  const more = left.length - named.length;
  const detail = [...named, ...(more > 0 ? [vscode.l10n.t("and {0} more", more)] : [])].join("\n");
  const [yes, look] = [vscode.l10n.t("Take Back"), vscode.l10n.t("Review")];
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t("Take back what “{0}” changed? What you changed since stays.", title),
    { modal: true, detail },
    yes,
    look,
  );
  if (answer === yes) {
    await server.command(CommandName.runUndo, { runId });
  } else if (answer === look) {
    await review.open(runId, title);
  }
}
