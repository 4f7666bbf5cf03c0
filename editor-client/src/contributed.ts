/** What the manifest of the extension says that it has. */
import type * as vscode from "vscode";

export interface Contributed {
  readonly command: string;
  /** Where it is translated, VS Code keeps the English one beside it. */
  readonly title: string | { readonly value: string; readonly original: string };
  readonly icon?: string;
}

/** The version of the extension, which the server that travels with it has too. */
export function versionOf(extension: vscode.Extension<unknown>): string {
  return (extension.packageJSON as { version: string }).version;
}

/** The commands of the palette, those included that only menus have. */
export function contributed(extension: vscode.Extension<unknown>): readonly Contributed[] {
  const manifest = extension.packageJSON as { contributes: { commands: Contributed[] } };
  return manifest.contributes.commands;
}
