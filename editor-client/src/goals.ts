/** The view of goals: what must hold, and what is known of it. */
import * as vscode from "vscode";
import { inFolder } from "./folders.js";
import { CommandName, GoalListReply, type GoalEntry, type Verdict } from "./protocol.js";
import type { Server } from "./server.js";

export interface Goals {
  readonly dispose: () => void;
  readonly entries: () => readonly GoalEntry[];
}

export interface GoalNode {
  readonly goalId: string;
  /** The file that states it, which says in which folder it is. */
  readonly uri: string;
  readonly title: string;
  readonly conditions: readonly GoalEntry[];
}

export type GoalsNode = GoalNode | GoalEntry;

/** Goals are asked for at most that often, since files change with every step. */
const ASK_MILLISECONDS = 400;

export function goals(server: Server): Goals {
  const changes = new vscode.EventEmitter<void>();
  let entries: readonly GoalEntry[] = [];
  let asking: NodeJS.Timeout | undefined;
  const ask = async (): Promise<void> => {
    asking = undefined;
    if (server.state !== "running") {
      return;
    }
    const reply = await server.ask(GoalListReply, CommandName.goalList);
    if (reply !== undefined) {
      entries = reply.goals;
      changes.fire();
    }
  };
  const soon = (): void => {
    asking ??= setTimeout(() => void ask(), ASK_MILLISECONDS);
  };
  const view = vscode.window.createTreeView<GoalsNode>("holdfast.goals", {
    treeDataProvider: {
      onDidChangeTreeData: changes.event,
      getChildren: (node) =>
        node === undefined ? grouped(entries) : "conditions" in node ? [...node.conditions] : [],
      getTreeItem: (node) => ("conditions" in node ? goalItem(node) : conditionItem(node)),
    },
  });
  const parts = vscode.Disposable.from(
    view,
    changes,
    new vscode.Disposable(() => {
      clearTimeout(asking);
    }),
    server.onStatus(soon),
    server.onState((state) => {
      if (state === "running") {
        soon();
      }
    }),
  );
  return {
    entries: () => entries,
    dispose: () => {
      parts.dispose();
    },
  };
}

/** The goals that conditions belong to, in their order; two files may state the same goal. */
export function grouped(entries: readonly GoalEntry[]): GoalNode[] {
  const byGoal = new Map<string, GoalEntry[]>();
  for (const entry of entries) {
    const key = `${entry.uri} ${entry.goalId}`;
    byGoal.set(key, [...(byGoal.get(key) ?? []), entry]);
  }
  return [...byGoal.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            goalId: first.goalId,
            uri: first.uri,
            title: first.title,
            conditions: [first, ...others],
          },
        ],
  );
}

const ICONS: Readonly<Record<Verdict, vscode.ThemeIcon>> = {
  met: new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed")),
  waived: new vscode.ThemeIcon("circle-slash"),
  unmet: new vscode.ThemeIcon(
    "circle-large-outline",
    new vscode.ThemeColor("list.warningForeground"),
  ),
  stale: new vscode.ThemeIcon("history"),
  blocked: new vscode.ThemeIcon("question", new vscode.ThemeColor("list.warningForeground")),
  impossible: new vscode.ThemeIcon("error", new vscode.ThemeColor("testing.iconFailed")),
  unverified: new vscode.ThemeIcon("circle-outline"),
};

const VERDICT_NAMES: Readonly<Record<Verdict, () => string>> = {
  met: () => vscode.l10n.t("met"),
  waived: () => vscode.l10n.t("waived"),
  unmet: () => vscode.l10n.t("unmet"),
  stale: () => vscode.l10n.t("stale"),
  blocked: () => vscode.l10n.t("blocked"),
  impossible: () => vscode.l10n.t("impossible"),
  unverified: () => vscode.l10n.t("unverified"),
};

function goalItem(goal: GoalNode): vscode.TreeItem {
  const item = new vscode.TreeItem(goal.title, vscode.TreeItemCollapsibleState.Expanded);
  const met = goal.conditions.filter(({ verdict }) => verdict === "met" || verdict === "waived");
  item.id = `${goal.uri} ${goal.goalId}`;
  item.description = inFolder(goal.uri, `${met.length}/${goal.conditions.length}`);
  item.contextValue = "goal";
  return item;
}

function conditionItem(entry: GoalEntry): vscode.TreeItem {
  const item = new vscode.TreeItem(entry.condition);
  const line = new vscode.Position(entry.line - 1, 0);
  item.id = `${entry.uri} ${entry.goalId}/${entry.conditionId}`;
  item.description = VERDICT_NAMES[entry.verdict]();
  item.iconPath = ICONS[entry.verdict];
  item.contextValue = `condition.${entry.verdict}`;
  item.tooltip = entry.missing === "" ? entry.condition : `${entry.condition}\n\n${entry.missing}`;
  item.command = {
    title: vscode.l10n.t("Open"),
    command: "vscode.open",
    arguments: [vscode.Uri.parse(entry.uri), { selection: new vscode.Range(line, line) }],
  };
  return item;
}
