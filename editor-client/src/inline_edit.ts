/**
 * An edit at the cursor: one answer to what the person wants there, made in the text, with *Keep*
 * and *Take Back* above what changed.
 */
import * as vscode from "vscode";
import { changesOf } from "./changes.js";
import type { Conversation } from "./conversation.js";
import { wireRange } from "./input.js";
import { CommandName, Reply, type ChangedFile } from "./protocol.js";
import type { Review } from "./review.js";
import { endOfRun } from "./run_end.js";
import type { Runs } from "./runs.js";
import type { Server } from "./server.js";

export interface InlineEdits {
  readonly dispose: () => void;
  /** Asks what should be done at the cursor, and does it. */
  readonly edit: () => Promise<void>;
  /** Whether a run is such an edit, which is seen in the text. */
  readonly has: (runId: string) => boolean;
}

/** How long one may take. */
const RUN_MILLISECONDS = 600_000;
/** So many are known, for what comes of them later. */
const RUNS_MAX = 50;

export function inlineEdits(
  server: Server,
  runs: Runs,
  review: Review,
  conversation: Conversation,
): InlineEdits {
  const own = new Set<string>();
  const changed = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("diffEditor.insertedLineBackground"),
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.addedForeground"),
  });
  const mark = (): void => {
    vscode.window.visibleTextEditors.forEach((editor) => {
      editor.setDecorations(changed, openLines(review.files(), editor.document.uri.toString()));
    });
  };
  const marking = vscode.Disposable.from(
    changed,
    review.onChange(mark),
    vscode.window.onDidChangeVisibleTextEditors(mark),
  );

  const edit = async (): Promise<void> => {
    const editor = vscode.window.activeTextEditor;
    const uri = editor?.document.uri;
    if (
      editor === undefined ||
      uri?.scheme !== "file" ||
      vscode.workspace.getWorkspaceFolder(uri) === undefined
    ) {
      const text = vscode.l10n.t("Holdfast: open a file of the workspace first");
      void vscode.window.showInformationMessage(text);
      return;
    }
    const range = rangeOf(editor);
    const prompt = await vscode.window.showInputBox({
      title: vscode.l10n.t("Edit with Holdfast"),
      prompt: vscode.l10n.t(
        "What should change here? It is made in the text, to keep or take back.",
      ),
      ignoreFocusOut: true,
    });
    if (prompt === undefined || prompt.trim() === "") {
      return;
    }
    // It is wanted, seen at once and taken back with a click, so it needs no question.
    const argument = { prompt, uri: uri.toString(), range, samples: 1, permissions: "auto-edit" };
    const { runId } = (await server.ask(Reply, CommandName.maxPropose, argument)) ?? {};
    if (runId !== undefined) {
      remember(own, runId);
      await endOfRun(server, runId, RUN_MILLISECONDS);
      await take(runId, uri);
    }
  };

  /** Makes what was proposed, if it is an edit of this file and nothing else. */
  const take = async (runId: string, uri: vscode.Uri): Promise<void> => {
    const proposal = runs.log().get(runId)?.proposal;
    const changes = proposal?.groups[proposal.winner]?.changes ?? "";
    const paths = changesOf(changes).map((change) => change.path);
    if (paths.length !== 1 || paths[0] !== vscode.workspace.asRelativePath(uri, false)) {
      // Words, a question, or more than was asked for: that is read before it is done.
      own.delete(runId);
      await conversation.show(runId);
      return;
    }
    const made = endOfRun(server, runId, RUN_MILLISECONDS);
    if (await server.ask(Reply, CommandName.maxAccept, { proposalId: runId })) {
      await made;
      await review.look(runId);
    }
  };

  return {
    edit,
    has: (runId) => own.has(runId),
    dispose: () => {
      marking.dispose();
    },
  };
}

/** The lines of a file that a run changed and the person has not answered. */
function openLines(files: readonly ChangedFile[], uri: string): vscode.Range[] {
  return files
    .filter((file) => file.uri === uri)
    .flatMap(({ hunks }) => hunks)
    .filter(({ state, after: { start, end } }) => state === "open" && end.line > start.line)
    .map(({ after: { start, end } }) => new vscode.Range(start.line, 0, end.line - 1, 0));
}

/** The selection, else the line of the cursor. */
function rangeOf({ selection, document }: vscode.TextEditor): object {
  return wireRange(selection.isEmpty ? document.lineAt(selection.active.line).range : selection);
}

function remember(own: Set<string>, runId: string): void {
  own.add(runId);
  [...own].slice(0, -RUNS_MAX).forEach((oldest) => own.delete(oldest));
}
