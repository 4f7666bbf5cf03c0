/** The commands of the palette about skills, custom commands, and what a project brings. */
import * as vscode from "vscode";
import { currentSelection } from "./input.js";
import { notice } from "./notices.js";
import { CommandName, SkillListReply, type ExtensionEntry, type SkillEntry } from "./protocol.js";
import type { Server } from "./server.js";

export type SkillHandler = (node?: ExtensionEntry) => unknown;

export function skillCommands(server: Server): Record<string, SkillHandler> {
  return {
    customCommand: async () => {
      const reply = await listed(server);
      const command = await chosen(vscode.l10n.t("Run a custom command"), reply?.commands ?? []);
      if (command === undefined) {
        return;
      }
      const text = await vscode.window.showInputBox({
        title: `/${command.name}`,
        prompt: notice(command.description),
        placeHolder: command.hint,
        ignoreFocusOut: true,
      });
      if (text !== undefined) {
        const argument = { name: command.name, arguments: text, ...currentSelection() };
        await server.begin(CommandName.commandRun, argument);
      }
    },
    skills: async () => {
      const reply = await listed(server);
      const skill = await chosen(vscode.l10n.t("Skills"), reply?.skills ?? []);
      if (skill !== undefined) {
        await server.command(CommandName.skillShow, { name: skill.name });
      }
    },
    /** About the row that was clicked, else about all that waits. */
    trust: (node) => server.command(CommandName.trust, node && { what: node.trustId }),
  };
}

async function listed(server: Server): Promise<SkillListReply | undefined> {
  return await server.ask(SkillListReply, CommandName.skillList);
}

async function chosen(
  title: string,
  entries: readonly SkillEntry[],
): Promise<SkillEntry | undefined> {
  if (entries.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("Holdfast: there are none yet."));
    return undefined;
  }
  const items = entries.map((entry) => ({
    label: notice(entry.name),
    description: entry.state === "trusted" ? entry.origin : `${entry.origin}, ${entry.state}`,
    detail: notice(entry.description),
    entry,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDetail: true }))?.entry;
}
