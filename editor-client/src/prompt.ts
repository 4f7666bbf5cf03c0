/** Code actions whose title ends in “…” ask what to do before they do it. */
import * as vscode from "vscode";
import * as v from "valibot";
import { parsed } from "./parsed.js";
import { CommandName } from "./protocol.js";

/** A selection without words: what “Work on this…” sends. */
const Wordless = v.looseObject({
  range: v.unknown(),
  prompt: v.optional(v.undefined()),
  goalId: v.optional(v.undefined()),
  diagnostics: v.optional(v.undefined()),
});

/** The arguments of a command, with words where it needs them; undefined when dismissed. */
export async function askForPrompt(
  command: string,
  args: readonly unknown[],
): Promise<unknown[] | undefined> {
  const selection = parsed(Wordless, args[0]);
  const asks = command === CommandName.runStart || command === CommandName.maxPropose;
  if (!asks || selection?.range === undefined) {
    return [...args];
  }
  const prompt = await vscode.window.showInputBox({
    title: "Holdfast",
    prompt: vscode.l10n.t("What should be done with the selection?"),
    placeHolder: vscode.l10n.t("Empty: complete what is unfinished there and fix what is wrong"),
    ignoreFocusOut: true,
  });
  return prompt === undefined
    ? undefined
    : [prompt.trim() === "" ? selection : { ...selection, prompt }];
}
