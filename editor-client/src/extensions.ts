/** The view of extensions: what a person or the project brings, and how it stands with each. */
import * as vscode from "vscode";
import { CommandName, ExtensionListReply, type ExtensionEntry } from "./protocol.js";
import type { Server } from "./server.js";
import { byKind, standing, waits, type KindNode, type Standing } from "./standing.js";

export interface Extensions {
  readonly dispose: () => void;
  readonly refresh: () => void;
}

export type ExtensionsNode = KindNode | ExtensionEntry;

/** They are asked for at most that often, since each time the disk is read. */
const ASK_MILLISECONDS = 1000;

export function extensions(server: Server): Extensions {
  const changes = new vscode.EventEmitter<void>();
  let kinds: readonly KindNode[] = [];
  let asking: NodeJS.Timeout | undefined;
  const view = vscode.window.createTreeView<ExtensionsNode>("holdfast.extensions", {
    treeDataProvider: {
      onDidChangeTreeData: changes.event,
      getChildren: (node) =>
        node === undefined ? [...kinds] : "entries" in node ? [...node.entries] : [],
      getTreeItem: (node) => ("entries" in node ? kindItem(node) : entryItem(node)),
    },
  });
  const show = (entries: readonly ExtensionEntry[]): void => {
    kinds = byKind(entries);
    changes.fire();
  };
  const ask = async (): Promise<void> => {
    asking = undefined;
    if (server.state !== "running" || !server.knows(CommandName.extensionList)) {
      show([]);
      return;
    }
    const reply = await server.ask(ExtensionListReply, CommandName.extensionList);
    if (reply !== undefined) {
      show(reply.extensions);
    }
  };
  const soon = (): void => {
    if (view.visible) {
      asking ??= setTimeout(() => void ask(), ASK_MILLISECONDS);
    }
  };
  const parts = vscode.Disposable.from(
    view,
    changes,
    new vscode.Disposable(() => {
      clearTimeout(asking);
    }),
    view.onDidChangeVisibility(soon),
    server.onStatus(({ extensions: { waiting } }) => {
      const tooltip = vscode.l10n.t("{0} not trusted yet", waiting);
      view.badge = waiting > 0 ? { value: waiting, tooltip } : undefined;
      soon();
    }),
    server.onState(soon),
  );
  return {
    refresh: () => void ask(),
    dispose: () => {
      parts.dispose();
    },
  };
}

const KIND_NAMES: Readonly<Record<string, () => string>> = {
  server: () => vscode.l10n.t("MCP Servers"),
  skill: () => vscode.l10n.t("Skills"),
  command: () => vscode.l10n.t("Commands"),
  agent: () => vscode.l10n.t("Agents"),
  hook: () => vscode.l10n.t("Hooks"),
};

const KIND_ICONS: Readonly<Record<string, string>> = {
  server: "server-environment",
  skill: "lightbulb",
  command: "terminal",
  agent: "person",
  hook: "zap",
};

const ICONS: Readonly<Record<Standing, vscode.ThemeIcon>> = {
  waiting: new vscode.ThemeIcon("shield", new vscode.ThemeColor("list.warningForeground")),
  refused: new vscode.ThemeIcon("circle-slash"),
  failed: new vscode.ThemeIcon("error", new vscode.ThemeColor("testing.iconFailed")),
  connecting: new vscode.ThemeIcon("loading~spin"),
  closed: new vscode.ThemeIcon("circle-outline"),
  connected: new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed")),
  ready: new vscode.ThemeIcon("check"),
};

const STANDING_NAMES: Readonly<Record<Standing, () => string>> = {
  waiting: () => vscode.l10n.t("not trusted yet"),
  refused: () => vscode.l10n.t("refused"),
  failed: () => vscode.l10n.t("cannot be used"),
  connecting: () => vscode.l10n.t("connecting"),
  closed: () => vscode.l10n.t("connected when a run needs it"),
  connected: () => vscode.l10n.t("connected"),
  ready: () => "",
};

function kindItem({ kind, entries }: KindNode): vscode.TreeItem {
  const name = KIND_NAMES[kind]?.() ?? kind;
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
  item.id = kind;
  item.iconPath = new vscode.ThemeIcon(KIND_ICONS[kind] ?? "extensions");
  item.description = String(entries.length);
  item.contextValue = "kind";
  return item;
}

function entryItem(entry: ExtensionEntry): vscode.TreeItem {
  const item = new vscode.TreeItem(entry.name);
  const shown = standing(entry);
  item.iconPath = ICONS[shown];
  item.description = described(entry, shown);
  item.tooltip = [entry.description, entry.problem].filter((text) => text !== "").join("\n\n");
  item.contextValue = entry.trustId === "" ? "extension" : "extension.ofProject";
  const command = opened(entry);
  if (command !== undefined) {
    item.command = command;
  }
  return item;
}

function described(entry: ExtensionEntry, shown: Standing): string {
  const tools = entry.tools === undefined ? "" : vscode.l10n.t("{0} tools", entry.tools);
  const words = [STANDING_NAMES[shown](), tools, entry.problem || entry.description];
  return words.filter((word) => word !== "").join(" · ");
}

/** What a click does: a person looks at the text before it is used, and afterwards at its file. */
function opened(entry: ExtensionEntry): vscode.Command | undefined {
  if (waits(entry)) {
    return {
      title: vscode.l10n.t("Look at it and decide"),
      command: "holdfast.ui.trust",
      arguments: [entry],
    };
  }
  return entry.uri === ""
    ? undefined
    : {
        title: vscode.l10n.t("Open"),
        command: "vscode.open",
        arguments: [vscode.Uri.parse(entry.uri)],
      };
}
