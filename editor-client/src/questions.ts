/**
 * What a run asks for, open beside the person's work until it is answered: a notification
 * has one line, and nobody can read a diff there.
 */
import * as vscode from "vscode";
import type { Diffs } from "./diffs.js";
import { openQuestions } from "./run_log.js";
import type { Runs } from "./runs.js";

export function questions(runs: Runs, diffs: Diffs): vscode.Disposable {
  let shown: string | undefined;
  return runs.onChange(() => {
    // The oldest is the one that the notification asks.
    const [oldest] = openQuestions(runs.log());
    const detail = oldest?.question.detail;
    if (detail === shown) {
      return;
    }
    if (shown !== undefined) {
      void diffs.close(shown);
    }
    shown = detail;
    if (oldest !== undefined) {
      void diffs.show(oldest.question.detail, oldest.run.title, vscode.ViewColumn.Beside);
    }
  });
}
