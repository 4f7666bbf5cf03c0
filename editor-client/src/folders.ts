/** In which folder something is, where a window has several. */
import * as vscode from "vscode";

/** As in `one · 0/1`; the text alone where there is but one folder. */
export function inFolder(uri: string, text: string): string {
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  const folder = several ? vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(uri)) : undefined;
  return folder === undefined ? text : `${folder.name} · ${text}`;
}
