/** The page of settings. */
import * as vscode from "vscode";

const REMOTE_SETTINGS = "workbench.action.openRemoteSettings";

/** Opens the page where the settings of this machine are: in a remote window that is another one. */
export async function openSettings(query: string): Promise<void> {
  if (vscode.env.remoteName !== undefined) {
    const all = await vscode.commands.getCommands();
    if (all.includes(REMOTE_SETTINGS)) {
      await vscode.commands.executeCommand(REMOTE_SETTINGS, { query });
      return;
    }
  }
  await vscode.commands.executeCommand("workbench.action.openSettings", query);
}
