/** Asks the person for a text, a check, a number. Undefined means dismissed. */
import * as vscode from "vscode";
import { ATTEMPTS_MAX, SAMPLES_MAX, SECTION } from "./protocol.js";

/** A text that is not blank; a `value` is proposed. */
export async function askForText(prompt: string, value = ""): Promise<string | undefined> {
  const options = { title: "Holdfast", prompt, value, ignoreFocusOut: true };
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

/** What else must hold; empty for nothing. */
export async function askForFurther(): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt: vscode.l10n.t("What else must hold? Empty: that is all."),
    ignoreFocusOut: true,
  });
  return text?.trim();
}

/** How many candidates to sample; the person's setting is proposed. */
export function askForSamples(): Promise<number | undefined> {
  const chosen = vscode.workspace.getConfiguration(SECTION).get<number>("max_mode.samples");
  return askForNumber(vscode.l10n.t("How many candidates?"), 1, SAMPLES_MAX, chosen);
}

/** How many whole runs to make, of which the best is taken. */
export function askForAttempts(): Promise<number | undefined> {
  return askForNumber(vscode.l10n.t("How many attempts?"), 2, ATTEMPTS_MAX, 3);
}

async function askForNumber(
  prompt: string,
  least: number,
  most: number,
  proposed?: number,
): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt,
    ...(proposed === undefined ? {} : { value: String(Math.max(least, proposed)) }),
    ignoreFocusOut: true,
    validateInput: (value) =>
      /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most
        ? undefined
        : vscode.l10n.t("A number from {0} to {1}", least, most),
  });
  return text === undefined ? undefined : Number(text);
}

/** A step of a run that has so many; 0 is its beginning. */
export function askForStep(last: number): Promise<number | undefined> {
  return askForNumber(vscode.l10n.t("After which step? 0 is the beginning."), 0, last, last - 1);
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
  const uri = editor.document.uri.toString();
  return editor.selection.isEmpty ? { uri } : { uri, range: wireRange(editor.selection) };
}

/** A range as the server takes it. */
export function wireRange({ start, end }: vscode.Range): object {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}
