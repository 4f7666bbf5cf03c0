/**
 * Installs the server that travels with this extension, if the person says yes.
 *
 * Each version has a folder of its own, so an update of the extension offers its server
 * anew, and what runs in another window stays as it is.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { versionOf } from "./contributed.js";
import { download, installation } from "./installation.js";
import { runToEnd } from "./installer.js";
import type { Probe } from "./launch.js";

const INSTALL_MILLISECONDS = 600_000;
const WALKTHROUGH = "walkthrough";
const WELCOMED = "welcomed";

/** Where the server of this extension's version lies once it is installed. */
export function managedFolder(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, "server", versionOf(context.extension))
    .fsPath;
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
  const ending = new AbortController();
  // Nothing goes on installing when the window is closed.
  const closed = { dispose: ending.abort.bind(ending) };
  context.subscriptions.push(closed);
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t(
      "Holdfast: installing version {0} of the server",
      versionOf(context.extension),
    ),
    cancellable: true,
  };
  try {
    await vscode.window.withProgress(options, async (progress, token) => {
      token.onCancellationRequested(() => {
        ending.abort();
      });
      await rm(folder, { recursive: true, force: true });
      await mkdir(path.dirname(folder), { recursive: true });
      const line = told(log, progress);
      for (const command of commands) {
        log.info([command.command, ...command.args].join(" "));
        // A project's own settings of uv or pip do not count there.
        const cwd = path.dirname(folder);
        const watch = { cwd, milliseconds: INSTALL_MILLISECONDS, line, signal: ending.signal };
        await runToEnd(command, watch);
      }
      await forgetOld(folder);
    });
    return true;
  } catch (error) {
    // What is half there would be taken for a server.
    await rm(folder, { recursive: true, force: true });
    if (!ending.signal.aborted) {
      void showFailure(log, error as Error);
    }
    return false;
  }
}

type Progress = vscode.Progress<{ message?: string }>;

/** Logs each line of the installer, and shows what is fetched, how large it is and how much that was so far. */
function told(log: vscode.LogOutputChannel, progress: Progress): (line: string) => void {
  let sum = 0;
  return (line) => {
    log.info(line.trimEnd());
    const fetched = download(line);
    if (fetched !== undefined) {
      sum += fetched.megabytes;
      const size = fetched.megabytes.toFixed(1);
      const text = vscode.l10n.t("{0}, {1} MB; {2} MB so far", fetched.name, size, sum.toFixed(0));
      progress.report({ message: text });
    } else if (/^(Prepared|Installing collected)/.test(line)) {
      progress.report({ message: vscode.l10n.t("putting {0} MB in place", sum.toFixed(0)) });
    }
  };
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

function wheel(context: vscode.ExtensionContext): string {
  const name = `holdfast-${versionOf(context.extension)}-py3-none-any.whl`;
  return vscode.Uri.joinPath(context.extensionUri, "dist", "server", name).fsPath;
}

/**
 * Opens the walkthrough the first time that the extension runs for a person, whichever way it was installed.
 *
 * VS Code's own setting about walkthroughs is obeyed.
 */
export async function welcomeOnce(context: vscode.ExtensionContext): Promise<void> {
  const wanted = vscode.workspace
    .getConfiguration("workbench.welcomePage.walkthroughs")
    .get<boolean>("openOnInstall", true);
  if (wanted && vscode.workspace.isTrusted && context.globalState.get(WELCOMED) !== true) {
    await context.globalState.update(WELCOMED, true);
    await showHow(context);
  }
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
