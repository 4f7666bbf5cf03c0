/** Opens what a model named: files of the workspace, and pages after a person's yes. Nothing else. */
import * as vscode from "vscode";
import { notice } from "./notices.js";

export async function openTarget(target: string): Promise<void> {
  if (/^https:\/\//i.test(target)) {
    await openPage(target);
    return;
  }
  const [, path = "", line = "1"] = /^(.*?)(?:(?::|#L)(\d+))?$/s.exec(target) ?? [];
  const uri = await fileOf(path);
  if (uri === undefined) {
    const text = vscode.l10n.t("Holdfast: there is no file “{0}” in the workspace", notice(target));
    void vscode.window.showInformationMessage(text);
    return;
  }
  const place = new vscode.Position(Math.max(0, Number(line) - 1), 0);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(place, place) });
}

async function openPage(target: string): Promise<void> {
  const open = vscode.l10n.t("Open");
  const text = vscode.l10n.t("Open this page? The agent wrote the link.");
  const options = { modal: true, detail: target };
  if ((await vscode.window.showInformationMessage(text, options, open)) === open) {
    await vscode.env.openExternal(vscode.Uri.parse(target, true));
  }
}

/** The file of a folder of the workspace that a path names; undefined if there is none. */
async function fileOf(path: string): Promise<vscode.Uri | undefined> {
  for (const { uri: folder } of vscode.workspace.workspaceFolders ?? []) {
    const isIn = path.startsWith(`${folder.path}/`);
    const uri = isIn ? folder.with({ path }) : vscode.Uri.joinPath(folder, path);
    if (path !== "" && !path.includes("\0") && inside(uri, folder) && (await isFile(uri))) {
      return uri;
    }
  }
  return undefined;
}

function inside(uri: vscode.Uri, folder: vscode.Uri): boolean {
  const { path } = vscode.Uri.joinPath(uri, ".");
  return path.startsWith(`${folder.path}/`);
}

async function isFile(uri: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.File) !== 0;
  } catch {
    return false;
  }
}
