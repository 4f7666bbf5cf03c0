/**
 * Saves what the agent wrote into open documents before a command reads them: what VS Code
 * saves itself it knows of, while it asks the person about a file that changed beneath one.
 */
import * as vscode from "vscode";
import type { SaveRequest } from "./protocol.js";

/** Saves the documents that have not moved on; of one that cannot be saved VS Code says why. */
export async function save({ documents }: SaveRequest): Promise<null> {
  const meant = documents.flatMap(({ uri, version }) =>
    vscode.workspace.textDocuments.filter(
      (each) =>
        each.uri.toString() === vscode.Uri.parse(uri).toString() && each.version === version,
    ),
  );
  await Promise.all(meant.map((document) => document.save()));
  return null;
}
