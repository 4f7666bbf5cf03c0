/** How a run ended, in its one notification, with what helps to look at what it did. */
import * as vscode from "vscode";
import { notice } from "./notices.js";
import { CommandName, type EventNotice, type RunState } from "./protocol.js";
import type { Review } from "./review.js";
import { takeBack } from "./review_commands.js";
import type { Runs } from "./runs.js";
import type { SeenQuestions } from "./seen_questions.js";
import type { Server } from "./server.js";

/** Says how runs ended, but for those of which `isSeen` says that the person sees it anyway. */
export function runEnds(
  server: Server,
  runs: Runs,
  review: Review,
  isSeen: (runId: string) => boolean,
  seen: SeenQuestions,
): vscode.Disposable {
  return server.onEvent((event) => {
    const isEnd = event.event.kind === "run_ended" && event.parentId === undefined;
    if (isEnd && event.quiet !== true && !isSeen(event.runId)) {
      void say(event, server, runs, review, seen);
    }
  });
}

async function say(
  { runId, view }: EventNotice,
  server: Server,
  runs: Runs,
  review: Review,
  seen: SeenQuestions,
): Promise<void> {
  const run = runs.log().get(runId);
  if (run?.asks !== undefined && (await seen.comes(runId, runId))) {
    return;
  }
  const title = run?.title ?? view.label;
  // The words of the outcome come before those of what it cost.
  const said = view.detail.split("\n\n")[0] ?? view.label;
  const text =
    run?.asks === undefined
      ? oneLine(notice(said))
      : vscode.l10n.t("“{0}” asks: {1}", notice(title), oneLine(notice(run.asks)));
  const reply = await review.changes(runId);
  const changed = reply?.files.some(({ state }) => state !== "undone") === true;
  const numbers = changed ? ` (${reply.message.split("\n")[0] ?? ""})` : "";
  const [look, undo] = [vscode.l10n.t("Review"), vscode.l10n.t("Take Back")];
  const show = vscode.l10n.t("Show");
  const { outcome } = view.fields;
  const tell = (outcome && TELLERS[outcome]) ?? vscode.window.showInformationMessage;
  const goOn = outcome && WAYS_ON[outcome];
  const first = goOn === undefined ? [] : [goOn.title()];
  const answer = await tell(`${text}${numbers}`, ...first, ...(changed ? [look, undo] : []), show);
  if (goOn !== undefined && answer === goOn.title()) {
    const now = runs.log().get(runId);
    await vscode.commands.executeCommand(`holdfast.ui.${goOn.command}`, now && { run: now });
  } else if (answer === look) {
    await review.open(runId, title);
  } else if (answer === undo) {
    await takeBack(server, review, runId, title);
  } else if (answer === show) {
    await server.command(CommandName.runShow, { runId });
  }
}

type Tell = (text: string, ...buttons: string[]) => Thenable<string | undefined>;

/** How a run goes on that ended short of its task: with words, or as it was. */
const WAYS_ON: Partial<
  Record<RunState, { readonly title: () => string; readonly command: string }>
> = {
  blocked: { title: () => vscode.l10n.t("Answer…"), command: "send" },
  unmet: { title: () => vscode.l10n.t("Tell…"), command: "send" },
  stopped: { title: () => vscode.l10n.t("Resume"), command: "resume" },
  failed: { title: () => vscode.l10n.t("Resume"), command: "resume" },
};

const TEXT_CHARS_MAX = 200;

/** What is longer is read in the transcript. */
function oneLine(text: string): string {
  const line = text.split(/\s+/).join(" ").trim();
  return line.length <= TEXT_CHARS_MAX ? line : `${line.slice(0, TEXT_CHARS_MAX - 1)}…`;
}

const TELLERS: Partial<Record<RunState, Tell>> = {
  failed: vscode.window.showErrorMessage,
  unmet: vscode.window.showWarningMessage,
  blocked: vscode.window.showWarningMessage,
};
