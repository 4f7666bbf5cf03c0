/** The view of runs: what each did, step by step, as it happens. */
import * as vscode from "vscode";
import {
  CommandName,
  RunListReply,
  type NodeState,
  type RunState,
  type Tone,
  type WorkflowNode,
} from "./protocol.js";
import {
  followed,
  isActive,
  listed,
  nodeRows,
  own,
  rows,
  type Entry,
  type Run,
  type RunLog,
  type RunNode,
} from "./run_log.js";
import type { Server } from "./server.js";

export interface Runs {
  readonly dispose: () => void;
  readonly log: () => RunLog;
  readonly onChange: vscode.Event<void>;
  /** Lists the runs anew, after one got another title or was deleted. */
  readonly refresh: () => Promise<void>;
}

/** Views are drawn at most that often; Events come faster. */
const DRAW_MILLISECONDS = 150;

export function runs(server: Server): Runs {
  const changes = new vscode.EventEmitter<void>();
  let log: RunLog = new Map();
  let drawing: NodeJS.Timeout | undefined;
  const set = (next: RunLog): void => {
    log = next;
    drawing ??= setTimeout(() => {
      drawing = undefined;
      changes.fire();
    }, DRAW_MILLISECONDS);
  };
  const list = async (): Promise<void> => {
    const reply = await server.ask(RunListReply, CommandName.runList);
    if (reply !== undefined) {
      set(listed(log, reply.runs));
    }
  };
  const view = vscode.window.createTreeView<RunNode>("holdfast.runs", {
    treeDataProvider: {
      onDidChangeTreeData: changes.event,
      getChildren: (node) =>
        node === undefined
          ? own(log).map((run) => ({ run }))
          : node.entry === undefined
            ? rows(log, node.run)
            : nodeRows(node),
      getTreeItem: rowItem,
    },
  });
  const parts = vscode.Disposable.from(
    view,
    changes,
    new vscode.Disposable(() => {
      clearTimeout(drawing);
    }),
    server.onEvent((notice) => {
      set(followed(log, notice));
    }),
    server.onState((state) => {
      if (state === "running") {
        void list();
      }
    }),
  );
  return {
    log: () => log,
    onChange: changes.event,
    refresh: list,
    dispose: () => {
      parts.dispose();
    },
  };
}

const RUN_ICONS: Readonly<Record<RunState, vscode.ThemeIcon>> = {
  running: new vscode.ThemeIcon("loading~spin"),
  waiting: new vscode.ThemeIcon("bell-dot", new vscode.ThemeColor("list.warningForeground")),
  achieved: new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed")),
  finished: new vscode.ThemeIcon("check"),
  unmet: new vscode.ThemeIcon("circle-large-outline"),
  blocked: new vscode.ThemeIcon("question"),
  stopped: new vscode.ThemeIcon("debug-stop"),
  failed: new vscode.ThemeIcon("error", new vscode.ThemeColor("testing.iconFailed")),
  interrupted: new vscode.ThemeIcon("debug-disconnect"),
};

const STATE_NAMES: Readonly<Record<RunState, () => string>> = {
  running: () => vscode.l10n.t("running"),
  waiting: () => vscode.l10n.t("waiting"),
  achieved: () => vscode.l10n.t("achieved"),
  finished: () => vscode.l10n.t("finished, not verified"),
  unmet: () => vscode.l10n.t("unmet"),
  blocked: () => vscode.l10n.t("blocked"),
  stopped: () => vscode.l10n.t("stopped"),
  failed: () => vscode.l10n.t("failed"),
  interrupted: () => vscode.l10n.t("interrupted"),
};

export function stateName(state: RunState): string {
  return STATE_NAMES[state]();
}

function rowItem(row: RunNode): vscode.TreeItem {
  const { run, entry, place, attempt } = row;
  if (entry === undefined) {
    return runItem(run, attempt);
  }
  const node = place === undefined ? undefined : entry.nodes?.[place];
  const item = node === undefined ? entryItem(run, entry) : nodeItem(entry, node);
  if (nodeRows(row).length > 0) {
    item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
  }
  return item;
}

const NODE_ICONS: Readonly<Record<NodeState, vscode.ThemeIcon>> = {
  ...RUN_ICONS,
  waiting: new vscode.ThemeIcon("circle-outline"),
  skipped: new vscode.ThemeIcon("circle-slash"),
};

const NODE_STATES: Readonly<Record<NodeState, () => string>> = {
  ...STATE_NAMES,
  waiting: () => vscode.l10n.t("not begun"),
  skipped: () => vscode.l10n.t("skipped"),
};

function nodeItem(entry: Entry, node: WorkflowNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.title);
  const state = NODE_STATES[node.state]();
  item.id = `${entry.id}/${node.id}`;
  item.description = state;
  item.accessibilityInformation = { label: `${node.title}, ${state}` };
  item.iconPath = NODE_ICONS[node.state];
  item.contextValue = "node";
  item.tooltip = [`${node.title}: ${state}`, node.why].filter((line) => line !== "").join("\n");
  if (node.runId !== undefined) {
    item.command = {
      title: vscode.l10n.t("Show the transcript"),
      command: CommandName.runShow,
      arguments: [{ runId: node.runId }],
    };
  }
  return item;
}

function runItem(run: Run, attempt?: number): vscode.TreeItem {
  // VS Code keeps how a row was first drawn, which is before it has any below it.
  const shown = isActive(run)
    ? vscode.TreeItemCollapsibleState.Expanded
    : vscode.TreeItemCollapsibleState.Collapsed;
  const title = attempt === undefined ? run.title : vscode.l10n.t("Attempt {0}", attempt);
  const item = new vscode.TreeItem(title, shown);
  const cost = run.costUsd > 0 ? ` · $${run.costUsd.toFixed(2)}` : "";
  item.id = run.runId;
  // A run of several attempts has no steps of its own while they work.
  const step = run.step > 0 ? ` · ${vscode.l10n.t("step {0}", run.step)}` : "";
  const state = run.isTakenBack ? vscode.l10n.t("taken back") : stateName(run.state);
  item.description = `${state}${step}${cost}`;
  item.accessibilityInformation = { label: `${title}, ${state}${step}${cost}` };
  item.iconPath = RUN_ICONS[run.state];
  item.contextValue = `run.${isActive(run) ? "active" : "ended"}${run.proposal ? ".proposal" : ""}`;
  item.tooltip = run.title;
  return item;
}

/** By the kind of the Event; another one is some information. */
const ENTRY_ICONS: Readonly<Record<string, string>> = {
  model_answered: "comment",
  tool_called: "tools",
  candidates_judged: "law",
  permission_asked: "bell",
  plan_changed: "list-tree",
  workflow_changed: "type-hierarchy",
  goal_checked: "checklist",
  warned: "warning",
};

const COLORS: Readonly<Record<Tone, vscode.ThemeColor | undefined>> = {
  waiting: new vscode.ThemeColor("list.warningForeground"),
  good: new vscode.ThemeColor("testing.iconPassed"),
  bad: new vscode.ThemeColor("testing.iconFailed"),
  plain: undefined,
  muted: undefined,
};

/** What a colour says, for those who do not see it. */
const TONE_NAMES: Readonly<Record<Tone, () => string>> = {
  waiting: () => vscode.l10n.t("waits"),
  good: () => vscode.l10n.t("good"),
  bad: () => vscode.l10n.t("bad"),
  plain: () => "",
  muted: () => "",
};

function entryItem(run: Run, entry: Entry): vscode.TreeItem {
  const item = new vscode.TreeItem(entry.label);
  item.id = `${run.runId}/${entry.id}`;
  item.iconPath = new vscode.ThemeIcon(ENTRY_ICONS[entry.kind] ?? "info", COLORS[entry.tone]);
  const tone = TONE_NAMES[entry.tone]();
  item.accessibilityInformation = { label: tone === "" ? entry.label : `${entry.label}, ${tone}` };
  const asks = entry.kind === "permission_asked";
  const place = isActive(run) ? "" : ".ended";
  item.contextValue = asks && entry.tone === "waiting" ? "question" : `entry.${entry.kind}${place}`;
  if (entry.detail !== "") {
    item.tooltip = new vscode.MarkdownString().appendCodeblock(entry.detail);
  }
  if (asks) {
    item.command = {
      title: vscode.l10n.t("Show what would change"),
      command: "holdfast.ui.preview",
      arguments: [{ run, entry }],
    };
  }
  if (entry.judged !== undefined) {
    item.command = {
      title: vscode.l10n.t("Compare"),
      command: "holdfast.ui.compare",
      arguments: [{ run, entry }],
    };
  }
  return item;
}
