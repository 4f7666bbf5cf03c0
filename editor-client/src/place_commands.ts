/** The commands about a place in a text, or about a file: edit it, explain it, name it in the conversation. */
import * as vscode from "vscode";
import type { Conversation } from "./conversation.js";
import type { InlineEdits } from "./inline_edit.js";
import { wireRange } from "./input.js";
import { CommandName } from "./protocol.js";
import type { Server } from "./server.js";

export type PlaceHandler = (uri?: vscode.Uri) => unknown;

export function placeCommands(
  server: Server,
  conversation: Conversation,
  inlineEdits: InlineEdits,
): Record<string, PlaceHandler> {
  return {
    inlineEdit: () => inlineEdits.edit(),
    /** Explains what is selected, else the symbol under the cursor, else the file that was clicked. */
    explain: async (uri) => {
      const what = placeOf(uri);
      if (what === undefined) {
        void vscode.window.showInformationMessage(NOTHING());
        return;
      }
      const range = what.range === undefined ? {} : { range: wireRange(what.range) };
      const prompt = explanation(what);
      const argument = { prompt, uri: what.uri.toString(), ...range, mode: "plan" };
      await server.begin(CommandName.runStart, argument);
    },
    /** Names the file, with the lines that are selected, where the person writes. */
    mention: async (uri) => {
      const what = placeOf(uri);
      if (what === undefined) {
        void vscode.window.showInformationMessage(NOTHING());
        return;
      }
      const path = vscode.workspace.asRelativePath(what.uri, false);
      await conversation.write(`@${path}${lines(what.selected)} `);
    },
  };
}

const NOTHING = (): string =>
  vscode.l10n.t("Holdfast: open a file of the workspace, and put the cursor where you mean");

interface Place {
  readonly uri: vscode.Uri;
  /** The selection, else the word at the cursor. */
  readonly range: vscode.Range | undefined;
  readonly selected: vscode.Selection | undefined;
  /** The word at the cursor; empty where something is selected. */
  readonly symbol: string;
}

/** What a command is about: a file of the explorer, else where the person is in the editor. */
function placeOf(clicked: vscode.Uri | undefined): Place | undefined {
  const editor = vscode.window.activeTextEditor;
  const uri = clicked ?? editor?.document.uri;
  if (uri?.scheme !== "file" || vscode.workspace.getWorkspaceFolder(uri) === undefined) {
    return undefined;
  }
  // The menu of an editor names its file, too.
  if (editor?.document.uri.toString() !== uri.toString()) {
    return { uri, range: undefined, selected: undefined, symbol: "" };
  }
  const { selection, document } = editor;
  if (!selection.isEmpty) {
    return { uri, range: selection, selected: selection, symbol: "" };
  }
  const word = document.getWordRangeAtPosition(selection.active);
  const symbol = word === undefined ? "" : document.getText(word);
  return { uri, range: word, selected: undefined, symbol };
}

/** What the model is asked; it reads English best. */
function explanation({ uri, range, symbol }: Place): string {
  const path = vscode.workspace.asRelativePath(uri, false);
  const lines = range === undefined ? "" : `:${String(range.start.line + 1)}`;
  const what = symbol === "" ? `${path}${lines}` : `\`${symbol}\``;
  const where = range === undefined ? "" : " It is selected.";
  // The first line is the title of the run.
  return `Explain ${what}\n\nSay what it does, why, how it is used elsewhere, and what to watch out for.${where}`;
}

/** As in `:3-5`; nothing without a selection. */
function lines(selected: vscode.Selection | undefined): string {
  if (selected === undefined) {
    return "";
  }
  const { start, end } = selected;
  // A selection of whole lines ends at the beginning of the next one.
  const last = end.character === 0 && end.line > start.line ? end.line : end.line + 1;
  return last === start.line + 1
    ? `:${String(last)}`
    : `:${String(start.line + 1)}-${String(last)}`;
}
