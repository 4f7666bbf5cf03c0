/** Puts the parts together when the editor starts, and takes them apart when it ends. */
import * as vscode from "vscode";
import { candidates } from "./candidates.js";
import { commands } from "./commands.js";
import { conversation } from "./conversation.js";
import { diffs } from "./diffs.js";
import { extensions } from "./extensions.js";
import { goals } from "./goals.js";
import { inlineEdits } from "./inline_edit.js";
import { welcomeOnce } from "./install.js";
import { onInterpreter } from "./interpreter.js";
import { SECTION } from "./protocol.js";
import { questions } from "./questions.js";
import { resumeOffers } from "./resume.js";
import { review } from "./review.js";
import { runEnds } from "./run_ends.js";
import { runs } from "./runs.js";
import { seenQuestions } from "./seen_questions.js";
import { server, type Server } from "./server.js";
import { statusItem } from "./status.js";

let running: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Holdfast", { log: true });
  const seen = seenQuestions();
  const holdfast = (running = server(context, log, seen));
  const shown = diffs();
  const listed = runs(holdfast);
  const talk = conversation(context, holdfast, listed, shown, seen);
  const reviewed = review(holdfast);
  const parts = {
    context,
    log,
    server: holdfast,
    runs: listed,
    conversation: talk,
    goals: goals(holdfast),
    extensions: extensions(holdfast),
    diffs: shown,
    candidates: candidates(shown),
    review: reviewed,
    inlineEdits: inlineEdits(holdfast, listed, reviewed, talk),
  };
  context.subscriptions.push(
    log,
    seen,
    holdfast,
    parts.runs,
    parts.conversation,
    parts.goals,
    parts.extensions,
    shown,
    parts.review,
    parts.inlineEdits,
    statusItem(holdfast),
    resumeOffers(holdfast, context.workspaceState),
    questions(parts.runs, shown),
    runEnds(holdfast, parts.runs, parts.review, parts.inlineEdits.has, seen),
    commands(parts),
    vscode.workspace.onDidGrantWorkspaceTrust(async () => {
      await welcomeOnce(context);
      await holdfast.restart();
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`${SECTION}.server`)) {
        void holdfast.restart();
      } else if (change.affectsConfiguration(SECTION)) {
        holdfast.settingsChanged();
      }
    }),
  );
  await welcomeOnce(context);
  await holdfast.restart();
  context.subscriptions.push(
    await onInterpreter(() => {
      holdfast.settingsChanged();
    }),
  );
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}
