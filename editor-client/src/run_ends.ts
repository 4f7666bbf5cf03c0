/** How a run ended, in its one notification, with what helps to look at what it did. */
import * as vscode from "vscode";
import { notice } from "./notices.js";
import { CommandName, type EventNotice, type RunState } from "./protocol.js";
import type { Review } from "./review.js";
import { takeBack } from "./review_commands.js";
import type { Runs } from "./runs.js";
import type { Server } from "./server.js";

export function runEnds(server: Server, runs: Runs, review: Review): vscode.Disposable {
  return server.onEvent((event) => {
    if (event.event.kind === "run_ended" && event.parentId === undefined) {
      void say(event, server, runs, review);
    }
  });
}

async function say(
  { runId, view }: EventNotice,
  server: Server,
  runs: Runs,
  review: Review,
): Promise<void> {
  // The words of the outcome come before those of what it cost.
  const text = notice(view.detail.split("\n\n")[0] ?? view.label);
  const reply = await review.changes(runId);
  const changed = reply?.files.some(({ state }) => state !== "undone") === true;
  const numbers = changed ? ` (${reply.message.split("\n")[0] ?? ""})` : "";
  const [look, undo] = [vscode.l10n.t("Review"), vscode.l10n.t("Take Back")];
  const show = vscode.l10n.t("Show");
  const { outcome } = view.fields;
  const tell = (outcome && TELLERS[outcome]) ?? vscode.window.showInformationMessage;
  const answer = await tell(`${text}${numbers}`, ...(changed ? [look, undo] : []), show);
  const title = runs.log().get(runId)?.title ?? view.label;
  if (answer === look) {
    await review.open(runId, title);
  } else if (answer === undo) {
    await takeBack(server, review, runId, title);
  } else if (answer === show) {
    await server.command(CommandName.runShow, { runId });
  }
}

type Tell = (text: string, ...buttons: string[]) => Thenable<string | undefined>;

const TELLERS: Partial<Record<RunState, Tell>> = {
  failed: vscode.window.showErrorMessage,
  unmet: vscode.window.showWarningMessage,
  blocked: vscode.window.showWarningMessage,
};
