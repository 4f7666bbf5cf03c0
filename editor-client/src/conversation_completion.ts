/** What a word after `@` or `/` may be completed to: files and symbols, and custom commands. */
import * as vscode from "vscode";
import type { Completion } from "./conversation_shape.js";
import { CommandName, SkillListReply } from "./protocol.js";
import { ranked } from "./ranking.js";
import type { Server } from "./server.js";

const SHOWN_MAX = 12;
const FILES_MAX = 10_000;
const SYMBOLS_MAX = 6;
/** Files are listed anew after that long; each key asks for them. */
const FRESH_MILLISECONDS = 10_000;

let listed: { readonly at: number; readonly paths: readonly string[] } = { at: 0, paths: [] };

export async function completed(
  server: Server,
  sign: "@" | "/",
  word: string,
): Promise<readonly Completion[]> {
  if (sign === "/") {
    return commands(server, word);
  }
  const [paths, symbols] = await Promise.all([files(), word === "" ? [] : symbolsOf(word)]);
  const found = ranked(paths, word, SHOWN_MAX - symbols.length);
  return [...found.map(fileItem), ...symbols];
}

async function commands(server: Server, word: string): Promise<readonly Completion[]> {
  const reply = await server.ask(SkillListReply, CommandName.skillList);
  const items = reply?.commands ?? [];
  const names = items.map(({ name }) => name);
  return ranked(names, word, SHOWN_MAX).map((name) => ({
    label: `/${name}`,
    detail: items.find((each) => each.name === name)?.description ?? "",
    insert: `/${name}`,
  }));
}

/** The files of the workspace, those that are open first. */
async function files(): Promise<readonly string[]> {
  if (Date.now() - listed.at > FRESH_MILLISECONDS) {
    const found = await vscode.workspace.findFiles("**/*", undefined, FILES_MAX);
    listed = { at: Date.now(), paths: found.map((uri) => vscode.workspace.asRelativePath(uri)) };
  }
  const open = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []))
    .filter((uri) => vscode.workspace.getWorkspaceFolder(uri) !== undefined)
    .map((uri) => vscode.workspace.asRelativePath(uri));
  return [...new Set([...open, ...listed.paths])];
}

function fileItem(path: string): Completion {
  const name = path.split("/").at(-1) ?? path;
  const insert = /\s/.test(path) ? `@"${path}"` : `@${path}`;
  return { label: name, detail: path, insert };
}

async function symbolsOf(word: string): Promise<readonly Completion[]> {
  const found = await vscode.commands.executeCommand<vscode.SymbolInformation[] | undefined>(
    "vscode.executeWorkspaceSymbolProvider",
    word,
  );
  return (found ?? [])
    .filter(({ location }) => vscode.workspace.getWorkspaceFolder(location.uri) !== undefined)
    .filter(({ name }) => name.toLowerCase().includes(word.toLowerCase()))
    .slice(0, SYMBOLS_MAX)
    .map(({ name, location }) => {
      const place = `${vscode.workspace.asRelativePath(location.uri)}:${location.range.start.line + 1}`;
      return { label: name, detail: place, insert: `\`${name}\` (${place})` };
    });
}
