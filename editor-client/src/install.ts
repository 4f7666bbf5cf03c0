/**
 * Installs the server that travels with this extension, if the person says yes.
 *
 * Each version has a folder of its own, so an update of the extension offers its server
 * anew, and what runs in another window stays as it is.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { installation } from "./installation.js";
import type { Probe } from "./launch.js";

const INSTALL_MILLISECONDS = 600_000;
const WALKTHROUGH = "walkthrough";

/** Where the server of this extension's version lies once it is installed. */
export function managedFolder(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, "server", version(context)).fsPath;
}

/** Whether the person wants it. */
export async function offerServer(context: vscode.ExtensionContext): Promise<boolean> {
  const [install, how] = [vscode.l10n.t("Install"), vscode.l10n.t("Show How")];
  const text =
    (await otherVersions(managedFolder(context))).length > 0
      ? vscode.l10n.t("Holdfast was updated; its new server is not installed yet.")
      : vscode.l10n.t("Holdfast’s server was not found on this machine.");
  const answer = await vscode.window.showWarningMessage(text, install, how);
  if (answer === how) {
    await showHow(context);
  }
  return answer === install;
}

/** Whether there is a server now; when not, a message says why. */
export async function installServer(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  probe: Probe,
): Promise<boolean> {
  const folder = managedFolder(context);
  const commands = await installation(folder, wheel(context), probe);
  if (commands === undefined) {
    void showMissingMeans(context);
    return false;
  }
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Holdfast: installing version {0} of the server", version(context)),
  };
  try {
    await vscode.window.withProgress(options, async () => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(path.dirname(folder), { recursive: true });
      for (const { command, args } of commands) {
        log.info([command, ...args].join(" "));
        // A project's own settings of uv or pip do not count there.
        const where = { cwd: path.dirname(folder), timeout: INSTALL_MILLISECONDS };
        await promisify(execFile)(command, args, where);
      }
      await forgetOld(folder);
    });
    return true;
  } catch (error) {
    void showFailure(log, error as Error);
    return false;
  }
}

/** Removes other versions but the last: each takes some hundred MB, and the last may be at work. */
async function forgetOld(folder: string): Promise<void> {
  for (const place of (await otherVersions(folder)).slice(1)) {
    await rm(place, { recursive: true, force: true });
  }
}

/** The folders of what was installed beside this one, the newest first. */
async function otherVersions(folder: string): Promise<string[]> {
  const parent = path.dirname(folder);
  const names = await readdir(parent).catch(() => []);
  const dated = names
    .map((name) => path.join(parent, name))
    .filter((place) => place !== folder)
    .map(async (place) => ({ place, at: (await stat(place)).mtimeMs }));
  const newestFirst = (await Promise.all(dated)).sort((one, other) => other.at - one.at);
  return newestFirst.map(({ place }) => place);
}

function version(context: vscode.ExtensionContext): string {
  return (context.extension.packageJSON as { version: string }).version;
}

function wheel(context: vscode.ExtensionContext): string {
  const name = `holdfast-${version(context)}-py3-none-any.whl`;
  return vscode.Uri.joinPath(context.extensionUri, "dist", "server", name).fsPath;
}

async function showHow(context: vscode.ExtensionContext): Promise<void> {
  const walkthrough = `${context.extension.id}#${WALKTHROUGH}`;
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", walkthrough);
}

async function showMissingMeans(context: vscode.ExtensionContext): Promise<void> {
  const how = vscode.l10n.t("Show How");
  const text = vscode.l10n.t(
    "Holdfast’s server needs uv or Python 3.11 or newer with its venv module (on Debian: python3-venv); this machine has neither.",
  );
  if ((await vscode.window.showErrorMessage(text, how)) === how) {
    await showHow(context);
  }
}

async function showFailure(log: vscode.LogOutputChannel, error: Error): Promise<void> {
  log.error(error.message);
  const show = vscode.l10n.t("Show Log");
  const reason = error.message.trim().split("\n").at(-1) ?? "";
  const text = vscode.l10n.t("Holdfast: the installation failed: {0}", reason);
  if ((await vscode.window.showErrorMessage(text, show)) === show) {
    log.show();
  }
}
