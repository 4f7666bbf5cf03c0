/** Installs a server of this extension's version, if the person says yes, into folders of our own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { installation } from "./launch.js";

const INSTALL_MILLISECONDS = 600_000;
const HOW = "walkthrough";

export function managedFolder(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, "server").fsPath;
}

/** Whether there is a server now. */
export async function installServer(context: vscode.ExtensionContext): Promise<boolean> {
  const { version } = context.extension.packageJSON as { version: string };
  const [install, how] = [vscode.l10n.t("Install with uv"), vscode.l10n.t("Show How")];
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t("Holdfast’s server was not found on this machine."),
    install,
    how,
  );
  if (answer === how) {
    const walkthrough = `${context.extension.id}#${HOW}`;
    await vscode.commands.executeCommand("workbench.action.openWalkthrough", walkthrough);
  }
  return answer === install && (await installed(version, managedFolder(context)));
}

async function installed(version: string, folder: string): Promise<boolean> {
  const { command, args, environment } = installation(version, folder);
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Holdfast: installing version {0} of the server", version),
  };
  try {
    await vscode.window.withProgress(options, () =>
      promisify(execFile)(command, args, {
        env: { ...process.env, ...environment },
        timeout: INSTALL_MILLISECONDS,
      }),
    );
    return true;
  } catch (error) {
    const text = vscode.l10n.t("Holdfast: the installation failed: {0}", (error as Error).message);
    void vscode.window.showErrorMessage(text);
    return false;
  }
}
