/** Shows a unified diff as the editor shows changes: the file as it is beside the file as it would be. */
import { createHash } from "node:crypto";
import * as vscode from "vscode";
import { changesOf, type Change } from "./changes.js";

export interface Diffs {
  readonly dispose: () => void;
  /**
   * Opens what a diff changes; `name` says whose idea it is. What is no diff is shown as
   * text, unless it is a single line, which is read wherever it is named.
   */
  readonly show: (diff: string, name: string, column?: vscode.ViewColumn) => Promise<void>;
  /** Closes what `show` opened for a diff. */
  readonly close: (diff: string) => Promise<void>;
}

const SCHEME = "holdfast";
/** Of what was shown, so much can be shown again by going back to its tab. */
const TEXTS_MAX = 50;

export function diffs(): Diffs {
  const texts = new Map<string, string>();
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: changes.event,
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? "",
  });
  /** A document of ours; one diff has the same ones each time, so that its tabs are found again. */
  const document = (diff: string, path: string, text: string): vscode.Uri => {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `${rootOf(diff)}${path}` });
    texts.delete(uri.toString());
    texts.set(uri.toString(), text);
    [...texts.keys()].slice(0, -TEXTS_MAX).forEach((oldest) => texts.delete(oldest));
    changes.fire(uri);
    return uri;
  };
  return {
    show: async (diff, name, column) => {
      const viewColumn = tabsOf(diff)[0]?.group.viewColumn ?? column ?? vscode.ViewColumn.Active;
      const found = [...changesOf(diff)];
      // A preview takes the place of the one before; the first file is opened last, so it is seen.
      const options = { preserveFocus: true, preview: found.length < 2, viewColumn };
      let fits = false;
      for (const change of found.reverse()) {
        const sides = await fitting(change);
        if (sides !== undefined) {
          const [before, after] = sides;
          const uri = document(diff, change.path, after);
          const title = `${change.path} ↔ ${name}`;
          await vscode.commands.executeCommand("vscode.diff", before, uri, title, options);
          fits = true;
        }
      }
      if (!fits && diff.includes("\n")) {
        const uri = document(diff, diff.startsWith("--- ") ? `${name}.diff` : name, diff);
        await vscode.window.showTextDocument(uri, options);
      }
    },
    close: async (diff) => {
      await vscode.window.tabGroups.close(tabsOf(diff), true);
    },
    dispose: () => {
      provider.dispose();
      changes.dispose();
    },
  };
}

function rootOf(diff: string): string {
  return `/${createHash("sha256").update(diff).digest("hex").slice(0, 12)}/`;
}

function tabsOf(diff: string): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => {
      const uri =
        input instanceof vscode.TabInputTextDiff
          ? input.modified
          : input instanceof vscode.TabInputText
            ? input.uri
            : undefined;
      return uri?.scheme === SCHEME && uri.path.startsWith(rootOf(diff));
    });
}

/** The file as it is, and its text as it would be, in the first folder where the change fits. */
async function fitting(change: Change): Promise<[vscode.Uri, string] | undefined> {
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    const uri = vscode.Uri.joinPath(folder.uri, change.path);
    const text = await textOf(uri);
    const after = text === undefined ? undefined : change.after(text);
    if (after !== undefined) {
      return [uri, after];
    }
  }
  const after = change.after("");
  const nothing = vscode.Uri.from({ scheme: SCHEME, path: `/nothing/${change.path}` });
  return after === undefined ? undefined : [nothing, after];
}

/** Unsaved changes included; undefined where there is no such file. */
async function textOf(uri: vscode.Uri): Promise<string | undefined> {
  try {
    return (await vscode.workspace.openTextDocument(uri)).getText();
  } catch {
    return undefined;
  }
}
