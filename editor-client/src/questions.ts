/**
 * What a run asks for, open beside the person's work until it is answered: a notification
 * has one line, and nobody can read a diff there.
 */
import * as vscode from "vscode";
import type { Diffs } from "./diffs.js";
import { openQuestions } from "./run_log.js";
import type { Runs } from "./runs.js";

const BESIDE = vscode.ViewColumn.Beside;

export function questions(runs: Runs, diffs: Diffs): vscode.Disposable {
  let shown: string | undefined;
  // One after the other, so that nothing opens once it was to be closed.
  let work: Promise<void> = Promise.resolve();
  return runs.onChange(() => {
    // The oldest is the one that the notification asks.
    const [oldest] = openQuestions(runs.log());
    const before = shown;
    shown = oldest?.question.detail;
    if (shown === before) {
      return;
    }
    work = work
      .then(() => (before === undefined ? undefined : diffs.close(before)))
      .then(() => oldest && diffs.show(oldest.question.detail, oldest.run.title, BESIDE))
      // It can still be looked at from the view of runs.
      .catch(() => undefined);
  });
}
