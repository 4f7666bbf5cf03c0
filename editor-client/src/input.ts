/** Asks the person for a text, a check, a number. Undefined means dismissed. */
import * as vscode from "vscode";
import { SAMPLES_MAX, SECTION } from "./protocol.js";

/** A text that is not blank. */
export async function askForText(prompt: string): Promise<string | undefined> {
  const options = { title: "Holdfast", prompt, ignoreFocusOut: true };
  const text = (await vscode.window.showInputBox(options))?.trim();
  return text === "" ? undefined : text;
}

/** A command that must succeed; empty for none. */
export async function askForCheck(): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt: vscode.l10n.t("Which command succeeds once it holds? Empty: a model judges it."),
    placeHolder: "pytest -q tests/test_retry.py",
    ignoreFocusOut: true,
  });
  return text?.trim();
}

/** How many candidates to sample; the person's setting is proposed. */
export async function askForSamples(): Promise<number | undefined> {
  const chosen = vscode.workspace.getConfiguration(SECTION).get<number>("max_mode.samples");
  const text = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt: vscode.l10n.t("How many candidates?"),
    ...(chosen === undefined ? {} : { value: String(chosen) }),
    ignoreFocusOut: true,
    validateInput: (value) =>
      /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= SAMPLES_MAX
        ? undefined
        : vscode.l10n.t("A number from 1 to {0}", SAMPLES_MAX),
  });
  return text === undefined ? undefined : Number(text);
}

/** Where the person is: the file of the active editor, and what is selected in it. */
export function currentSelection(): { uri?: string; range?: object } {
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
