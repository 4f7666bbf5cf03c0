/** The commands of the palette and of the view of goals. */
import * as vscode from "vscode";
import { grouped, type Goals, type GoalsNode } from "./goals.js";
import { askForCheck, askForFurther, askForText, currentSelection } from "./input.js";
import { CommandName } from "./protocol.js";
import type { Server } from "./server.js";

export type GoalHandler = (node?: GoalsNode) => unknown;

interface StatedCondition {
  readonly text: string;
  readonly checks: readonly string[];
}

/** What must hold, one after the other; a first one that a command shows needs no words but the title. */
async function askForConditions(title: string): Promise<StatedCondition[] | undefined> {
  const conditions: StatedCondition[] = [];
  for (let text: string | undefined = title; text !== ""; text = await askForFurther()) {
    const check = text === undefined ? undefined : await askForCheck();
    if (text === undefined || check === undefined) {
      return undefined;
    }
    const isSaid = text === title && check !== "";
    conditions.push({ text: isSaid ? "" : text, checks: check === "" ? [] : [check] });
  }
  return conditions;
}

export function goalCommands(server: Server, goals: Goals): Record<string, GoalHandler> {
  /** The goal of the row that was clicked, else one that the person chooses. */
  const choose = async (
    title: string,
    node?: GoalsNode,
  ): Promise<{ goalId: string; uri: string } | undefined> => {
    const items = grouped(goals.entries()).map((goal) => ({
      label: goal.title,
      description: vscode.workspace.asRelativePath(vscode.Uri.parse(goal.uri)),
      goal,
    }));
    const goal = node ?? (await vscode.window.showQuickPick(items, { title }))?.goal;
    return goal && { goalId: goal.goalId, uri: goal.uri };
  };
  return {
    newGoal: async () => {
      const title = await askForText(vscode.l10n.t("What must hold in the end?"));
      const conditions = title === undefined ? undefined : await askForConditions(title);
      if (conditions !== undefined) {
        const argument = { title, conditions, uri: currentSelection().uri };
        await server.command(CommandName.goalNew, argument);
      }
    },
    workOnGoal: async (node) => {
      const goal = await choose(vscode.l10n.t("Work on"), node);
      if (goal !== undefined) {
        await server.begin(CommandName.runStart, goal);
      }
    },
    workOnGoalMax: async (node) => {
      const goal = await choose(vscode.l10n.t("Work with Max Mode on"), node);
      if (goal !== undefined) {
        await server.begin(CommandName.runStart, { ...goal, maxMode: true });
      }
    },
    checkGoals: (node) =>
      server.command(
        CommandName.goalCheck,
        node === undefined ? { all: true } : { goalId: node.goalId, uri: node.uri },
      ),
    waive: async (node) => {
      const open = goals
        .entries()
        .filter(({ verdict }) => verdict !== "met" && verdict !== "waived");
      const items = open.map((entry) => ({
        label: entry.condition,
        description: entry.title,
        entry,
      }));
      const title = vscode.l10n.t("Waive");
      const entry =
        node !== undefined && "conditionId" in node
          ? node
          : (await vscode.window.showQuickPick(items, { title }))?.entry;
      if (entry !== undefined) {
        const argument = { condition: entry.conditionId, uri: entry.uri };
        await server.command(CommandName.goalWaive, argument);
      }
    },
  };
}
