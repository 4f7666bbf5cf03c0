/** What every behaviour needs: the project, a document, a run to its end. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { parsed } from "../../src/parsed.js";
import { CommandName, Reply, RunListReply, type RunEntry } from "../../src/protocol.js";

/** What the extension does, and what shows it. */
export type Behaviours = Readonly<Record<string, () => Promise<void>>>;

const LOOKS_MAX = 600;
const LOOK_MILLISECONDS = 50;

/** Waits for what can only be looked at. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
  throw new Error(`not in time: ${what}`);
}

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension("holdfast.holdfast");
  assert.ok(found, "the packaged extension is installed");
  return found;
}

/** A place in the project. */
export function place(...parts: string[]): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, "a folder is open");
  return vscode.Uri.joinPath(folder.uri, ...parts);
}

/** Writes a file and shows it. */
export async function shown(uri: vscode.Uri, text: string): Promise<vscode.TextEditor> {
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
}

export async function exists(uri: vscode.Uri): Promise<true | undefined> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return undefined;
  }
}

export async function command(name: CommandName, argument?: object): Promise<unknown> {
  return vscode.commands.executeCommand(name, ...(argument === undefined ? [] : [argument]));
}

/** Works on something; the id of the run, which goes on. */
export async function begun(argument: object): Promise<string> {
  const runId = parsed(Reply, await command(CommandName.runStart, argument))?.runId;
  assert.ok(runId, "a run has begun");
  return runId;
}

export function ended(runId: string): Promise<RunEntry> {
  return until(`the end of ${runId}`, async () => {
    const runs = parsed(RunListReply, await command(CommandName.runList))?.runs;
    return runs?.find((run) => run.runId === runId && !["running", "waiting"].includes(run.state));
  });
}

export function ours(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "holdfast");
}
