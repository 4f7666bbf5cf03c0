/**
 * The settings that a person chose. Defaults are left out: they would win over the
 * person's own configuration file and environment, which the server knows better.
 */
import * as vscode from "vscode";
import { selectedInterpreter } from "./interpreter.js";
import { SECTION } from "./protocol.js";

/** What is for the client alone. */
const OWN = "server";

export type Sections = Record<string, Record<string, unknown>>;

/**
 * As `{model: {name: "…"}}`, for a folder or for all. The selected Python environment is among
 * them: commands of the agent run in it, as those of the terminal do.
 */
export async function settingsOf(
  extension: vscode.Extension<unknown>,
  scope: string | undefined,
): Promise<Sections> {
  const chosen = chosenSettings(extension, scope);
  const folder = scope === undefined ? undefined : vscode.Uri.parse(scope);
  const python = await selectedInterpreter(folder ?? vscode.workspace.workspaceFolders?.[0]?.uri);
  return python === undefined ? chosen : { ...chosen, run: { python, ...chosen["run"] } };
}

function chosenSettings(extension: vscode.Extension<unknown>, scope: string | undefined): Sections {
  const uri = scope === undefined ? undefined : vscode.Uri.parse(scope);
  const configuration = vscode.workspace.getConfiguration(SECTION, uri ?? null);
  const chosen: Sections = {};
  for (const name of settingNames(extension)) {
    const [section, key] = name.split(".");
    if (section === undefined || key === undefined || section === OWN) {
      continue;
    }
    const found = configuration.inspect<unknown>(name);
    const value = found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
    // The settings page leaves an empty text where one was taken out.
    if (value !== undefined && value !== null && value !== "") {
      (chosen[section] ??= {})[key] = value;
    }
  }
  return chosen;
}

/** The names of all settings below our section, as the manifest has them. */
function settingNames(extension: vscode.Extension<unknown>): string[] {
  const manifest = extension.packageJSON as {
    contributes: { configuration: { properties: Record<string, unknown> }[] };
  };
  return manifest.contributes.configuration
    .flatMap((group) => Object.keys(group.properties))
    .map((name) => name.slice(SECTION.length + 1));
}
