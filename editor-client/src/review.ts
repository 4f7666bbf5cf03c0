/**
 * What a run changed, as a person reviews it: all files side by side in VS Code's own diff editor,
 * and a view of files and hunks, each of which is kept or taken back.
 */
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import { notice, plainName } from "./notices.js";
import {
  CommandName,
  Reply,
  RunChangesReply,
  type ChangedFile,
  type ChangeHunk,
  type PartState,
} from "./protocol.js";
import type { Server } from "./server.js";

/** A row of the view: a file, or with `hunk` one stretch of it. */
export interface ChangeNode {
  readonly file: ChangedFile;
  readonly hunk?: ChangeHunk;
}

export interface Review {
  readonly dispose: () => void;
  /** What a run changed; undefined where that cannot be known. */
  readonly changes: (runId: string) => Promise<RunChangesReply | undefined>;
  /** The files that are under review, and when they or what was answered changed. */
  readonly files: () => readonly ChangedFile[];
  readonly onChange: vscode.Event<unknown>;
  /** Puts a run under review, without opening anything. */
  readonly look: (runId: string) => Promise<unknown>;
  /** Opens all that a run changed. */
  readonly open: (runId: string, title: string) => Promise<void>;
  /** Shows one file or hunk that is under review. */
  readonly show: (node: ChangeNode) => Promise<void>;
  /** Keeps or takes back what the row is about, or all; says what came of it. */
  readonly answer: (
    name: typeof CommandName.runKeep | typeof CommandName.runUndo,
    node?: ChangeNode,
  ) => Promise<void>;
}

const SCHEME = "holdfast-before";
const OPEN = "holdfast.reviews";
/** Files change in bursts. */
const REFRESH_MILLISECONDS = 200;

export function review(server: Server): Review {
  const changed = new vscode.EventEmitter<ChangeNode | undefined>();
  const texts = new vscode.EventEmitter<vscode.Uri>();
  let current: { readonly runId: string; readonly reply: RunChangesReply } | undefined;
  let waiting: NodeJS.Timeout | undefined;

  const changes = (runId: string): Promise<RunChangesReply | undefined> =>
    server.ask(RunChangesReply, CommandName.runChanges, { runId });

  const look = async (runId: string): Promise<RunChangesReply | undefined> => {
    const reply = await changes(runId);
    if (reply !== undefined) {
      const seen = current;
      current = { runId, reply };
      // A row that is drawn anew while it is clicked loses the click.
      if (seen?.runId === runId && isDeepStrictEqual(seen.reply.files, reply.files)) {
        return reply;
      }
      changed.fire(undefined);
      reply.files.forEach((file) => {
        texts.fire(before(runId, file));
      });
      void vscode.commands.executeCommand("setContext", OPEN, reply.files.length > 0);
    }
    return reply;
  };

  const lookSoon = (uri: vscode.Uri): void => {
    if (current?.reply.files.some((file) => file.uri === uri.toString()) === true) {
      const { runId } = current;
      clearTimeout(waiting);
      waiting = setTimeout(() => void look(runId), REFRESH_MILLISECONDS);
    }
  };

  closeLeftOver();
  const parts = vscode.Disposable.from(
    changed,
    texts,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: texts.event,
      provideTextDocumentContent: async (uri) => {
        const file = uri.with({ scheme: "file", query: "" });
        const wanted = { runId: uri.query, path: file.toString() };
        const reply = await server.ask(RunChangesReply, CommandName.runChanges, wanted);
        return reply?.files[0]?.text ?? "";
      },
    }),
    vscode.window.createTreeView<ChangeNode>("holdfast.changes", {
      treeDataProvider: {
        onDidChangeTreeData: changed.event,
        getChildren: (node) =>
          node === undefined
            ? (current?.reply.files ?? []).map((file) => ({ file }))
            : node.hunk === undefined
              ? node.file.hunks.map((hunk) => ({ file: node.file, hunk }))
              : [],
        getTreeItem: ({ file, hunk }) =>
          hunk === undefined ? fileItem(file) : hunkItem(file, hunk),
      },
    }),
    vscode.languages.registerCodeLensProvider(
      { scheme: "file" },
      {
        onDidChangeCodeLenses: mapped(changed.event),
        provideCodeLenses: ({ uri }) =>
          current?.reply.files
            .filter((file) => file.uri === uri.toString())
            .flatMap((file) => file.hunks.flatMap((hunk) => lenses({ file, hunk }))) ?? [],
      },
    ),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      lookSoon(document.uri);
    }),
    new vscode.Disposable(() => {
      clearTimeout(waiting);
    }),
  );

  return {
    changes,
    look,
    files: () => current?.reply.files ?? [],
    onChange: changed.event,
    open: async (runId, title) => {
      const reply = await look(runId);
      if (reply === undefined) {
        return;
      }
      if (reply.files.length === 0) {
        void vscode.window.showInformationMessage(`Holdfast: ${notice(reply.message)}`);
        return;
      }
      const name = titled(title);
      const resources = reply.files.map((file) => sides(runId, file));
      await vscode.commands.executeCommand("vscode.changes", name, resources);
    },
    show: async ({ file, hunk }) => {
      if (current !== undefined) {
        const [uri, left, right] = sides(current.runId, file);
        const line = hunk?.after.start.line ?? 0;
        const selection = new vscode.Range(line, 0, line, 0);
        const options = { preview: true, selection };
        const name = `${plainName(path.basename(uri.path))} ↔ ${vscode.l10n.t("before the run")}`;
        const nothing = uri.with({ scheme: SCHEME, path: "/none/nothing" });
        const both = [left ?? nothing, right ?? nothing];
        await vscode.commands.executeCommand("vscode.diff", ...both, name, options);
      }
    },
    answer: async (name, node) => {
      if (current === undefined) {
        return;
      }
      const { runId } = current;
      const argument = { runId, path: node?.file.path, hunk: node?.hunk?.id };
      const reply = await server.ask(Reply, name, argument);
      // What was left alone is told by the server.
      if (reply !== undefined) {
        vscode.window.setStatusBarMessage(`Holdfast: ${reply.message}`, 5000);
      }
      await look(runId);
    },
    dispose: () => {
      parts.dispose();
    },
  };
}

function titled(title: string): string {
  return vscode.l10n.t("Changes of {0}", title);
}

/** Closes what VS Code restores of a review, which has nothing in it: only its title and place are kept. */
function closeLeftOver(): void {
  const [before = "", after = ""] = titled("\0").split("\0");
  const left = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(
      ({ input, label }) =>
        !(input instanceof vscode.TabInputText) &&
        label.startsWith(before) &&
        label.endsWith(after),
    );
  void vscode.window.tabGroups.close(left, true);
}

function mapped(event: vscode.Event<unknown>): vscode.Event<void> {
  return (listener) =>
    event(() => {
      listener();
    });
}

/** The text from before the run: at the same path, as VS Code takes another one for a new name. */
function before(runId: string, file: ChangedFile): vscode.Uri {
  const uri = vscode.Uri.parse(file.uri, true);
  const root = uri.path.slice(0, uri.path.length - file.path.length);
  const at = file.fromPath === undefined ? uri.path : root + file.fromPath;
  return uri.with({ scheme: SCHEME, path: at, query: runId });
}

/** The file, and what VS Code compares: as it was, and as it is. */
function sides(
  runId: string,
  file: ChangedFile,
): [vscode.Uri, vscode.Uri | undefined, vscode.Uri | undefined] {
  const uri = vscode.Uri.parse(file.uri, true);
  const left = file.status === "added" ? undefined : before(runId, file);
  return [uri, left, file.status === "deleted" ? undefined : uri];
}

const STATES: Readonly<Record<ChangedFile["state"], () => string>> = {
  open: () => "",
  kept: () => vscode.l10n.t("kept"),
  undone: () => vscode.l10n.t("taken back"),
  partly: () => vscode.l10n.t("in part"),
};

const STATUSES: Readonly<Record<ChangedFile["status"], () => string>> = {
  added: () => vscode.l10n.t("new"),
  deleted: () => vscode.l10n.t("deleted"),
  modified: () => "",
  renamed: () => vscode.l10n.t("renamed"),
};

function fileItem(file: ChangedFile): vscode.TreeItem {
  const shown =
    file.hunks.length === 0
      ? vscode.TreeItemCollapsibleState.None
      : vscode.TreeItemCollapsibleState.Expanded;
  const item = new vscode.TreeItem(vscode.Uri.parse(file.uri, true), shown);
  const folder = path.posix.dirname(file.path);
  const numbers = file.binary
    ? vscode.l10n.t("binary")
    : `+${file.additions.toString()} -${file.deletions.toString()}`;
  item.label = plainName(path.posix.basename(file.path));
  item.id = file.path;
  item.description = [
    STATES[file.state](),
    STATUSES[file.status](),
    numbers,
    folder === "." ? "" : plainName(folder),
  ]
    .filter((each) => each !== "")
    .join(" · ");
  item.tooltip = plainName(file.path);
  item.contextValue = `change.file.${file.state}`;
  item.accessibilityInformation = { label: `${plainName(file.path)}, ${item.description}` };
  item.command = shows({ file });
  return item;
}

const HUNK_ICONS: Readonly<Record<PartState, vscode.ThemeIcon>> = {
  open: new vscode.ThemeIcon("circle-outline"),
  kept: new vscode.ThemeIcon("check", new vscode.ThemeColor("testing.iconPassed")),
  undone: new vscode.ThemeIcon("discard"),
};

function hunkItem(file: ChangedFile, hunk: ChangeHunk): vscode.TreeItem {
  const { start, end } = hunk.after;
  const label =
    end.line - start.line > 1
      ? vscode.l10n.t("Lines {0} to {1}", start.line + 1, end.line)
      : vscode.l10n.t("Line {0}", start.line + 1);
  const item = new vscode.TreeItem(label);
  const removed = hunk.before.end.line - hunk.before.start.line;
  const isGone = end.line === start.line && hunk.state !== "undone";
  const gone = isGone ? vscode.l10n.t("{0} lines removed", removed) : "";
  const edited = hunk.edited ? vscode.l10n.t("changed since") : "";
  item.id = `${file.path}#${hunk.id}`;
  item.description = [STATES[hunk.state](), gone, edited].filter((each) => each !== "").join(" · ");
  item.iconPath = HUNK_ICONS[hunk.state];
  item.contextValue = `change.hunk.${hunk.state}`;
  item.accessibilityInformation = {
    label: `${plainName(file.path)}, ${label}, ${item.description}`,
  };
  item.command = shows({ file, hunk });
  return item;
}

function shows(node: ChangeNode): vscode.Command {
  const title = vscode.l10n.t("Show the change");
  return { title, command: "holdfast.ui.showChange", arguments: [node] };
}

function lenses(node: Required<ChangeNode>): vscode.CodeLens[] {
  const { hunk } = node;
  const line = hunk.after.start.line;
  const range = new vscode.Range(line, 0, line, 0);
  const lens = (title: string, command: string): vscode.CodeLens =>
    new vscode.CodeLens(range, { title, command, arguments: [node] });
  const keep = lens(vscode.l10n.t("$(check) Keep"), "holdfast.ui.keepChange");
  const undo = lens(vscode.l10n.t("$(discard) Take Back"), "holdfast.ui.undoChange");
  switch (hunk.state) {
    case "open":
      return [keep, undo];
    case "kept":
      return [];
    case "undone":
      return [lens(vscode.l10n.t("$(redo) Give Back"), "holdfast.ui.keepChange")];
  }
}
