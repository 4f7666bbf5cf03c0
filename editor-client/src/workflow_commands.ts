/** The command of the palette that runs a workflow of the project, or one of the person's own. */
import * as vscode from "vscode";
import { notice } from "./notices.js";
import { CommandName, WorkflowListReply } from "./protocol.js";
import type { Server } from "./server.js";

export function workflowCommands(server: Server): Record<string, () => unknown> {
  return {
    workflow: async () => {
      const reply = await server.ask(WorkflowListReply, CommandName.workflowList);
      const items = (reply?.workflows ?? []).map((entry) => ({
        label: notice(entry.name),
        description: described(entry.problem, entry.state, entry.nodes),
        detail: notice(entry.problem === "" ? entry.description : entry.problem),
        entry,
      }));
      if (items.length === 0) {
        const text = vscode.l10n.t("Holdfast: write one into {0}.", ".holdfast/workflows/NAME.md");
        void vscode.window.showInformationMessage(text);
        return;
      }
      const title = vscode.l10n.t("Run a workflow");
      const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
      if (chosen === undefined) {
        return;
      }
      if (chosen.entry.problem !== "") {
        await vscode.window.showTextDocument(vscode.Uri.parse(chosen.entry.uri));
      } else if (chosen.entry.state === "trusted") {
        await server.begin(CommandName.workflowRun, { name: chosen.entry.name });
      } else {
        await server.command(CommandName.trust);
      }
    },
  };
}

function described(problem: string, state: string, nodes: number): string {
  if (problem !== "") {
    return vscode.l10n.t("cannot be run");
  }
  const count = vscode.l10n.t("{0} nodes", nodes);
  return state === "trusted" ? count : `${count}, ${vscode.l10n.t("waits for your trust")}`;
}
