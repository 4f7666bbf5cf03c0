/** Shows a unified diff as the editor shows changes: the file as it is beside the file as it would be. */
import * as vscode from "vscode";
import { changesOf } from "./changes.js";

export interface Diffs {
  readonly dispose: () => void;
  /** Opens what a diff changes; `name` says whose idea it is. */
  readonly show: (diff: string, name: string) => Promise<void>;
}

const SCHEME = "holdfast";

export function diffs(): Diffs {
  const texts = new Map<string, string>();
  const provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? "",
  });
  let shown = 0;
  return {
    show: async (diff, name) => {
      texts.clear();
      shown += 1;
      for (const change of changesOf(diff)) {
        const [before, text] = await original(change.path);
        const after = change.after(text);
        if (after !== undefined) {
          const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${shown}/${change.path}` });
          texts.set(uri.toString(), after);
          const title = `${change.path} ↔ ${name}`;
          const options = { preserveFocus: true, preview: true };
          await vscode.commands.executeCommand("vscode.diff", before, uri, title, options);
        }
      }
    },
    dispose: () => {
      provider.dispose();
    },
  };
}

/** The file as it is, unsaved changes included; an empty one where there is none yet. */
async function original(path: string): Promise<[vscode.Uri, string]> {
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    const uri = vscode.Uri.joinPath(folder.uri, path);
    try {
      return [uri, (await vscode.workspace.openTextDocument(uri)).getText()];
    } catch {
      // Not in this folder.
    }
  }
  return [vscode.Uri.from({ scheme: SCHEME, path: `/nothing/${path}` }), ""];
}
