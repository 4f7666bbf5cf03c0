/** The commands of source control: review what the person changed, write its commit message. */
import * as vscode from "vscode";
import { notice } from "./notices.js";
import { CommandName, Reply } from "./protocol.js";
import { endOfRun } from "./run_end.js";
import type { Server } from "./server.js";

/** As much of the API of VS Code's own git extension as is used. */
interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly inputBox: { value: string };
}
interface GitExtension {
  readonly getAPI: (version: 1) => { readonly repositories: readonly GitRepository[] };
}

/** How long a message may take. */
const MESSAGE_MILLISECONDS = 300_000;

export function sourceCommands(server: Server): Record<string, (place?: never) => unknown> {
  return {
    reviewChanges: (place?: vscode.Uri | vscode.SourceControl) =>
      server.begin(CommandName.reviewRun, placeOf(place)),
    reviewSince: async () => {
      const prompt = vscode.l10n.t("Since which branch, tag or commit?");
      const base = await vscode.window.showInputBox({ title: "Holdfast", prompt, value: "main" });
      if (base !== undefined && base.trim() !== "") {
        await server.begin(CommandName.reviewRun, { base: base.trim() });
      }
    },
    commitMessage: async (place?: vscode.SourceControl) => {
      const repository = await repositoryOf(place?.rootUri);
      const argument = repository === undefined ? {} : { uri: repository.rootUri.toString() };
      const reply = await server.ask(Reply, CommandName.commitMessage, argument);
      if (reply?.runId === undefined) {
        return;
      }
      const message = await answerOf(server, reply.runId);
      if (message === undefined) {
        return;
      }
      if (repository === undefined) {
        await vscode.env.clipboard.writeText(message);
        const text = vscode.l10n.t(
          "Holdfast: the message is in the clipboard: {0}",
          notice(message),
        );
        void vscode.window.showInformationMessage(text);
      } else {
        repository.inputBox.value = message;
      }
    },
  };
}

/** A file or folder that was clicked in the explorer; source control has no place of its own. */
function placeOf(place?: vscode.Uri | vscode.SourceControl): object {
  if (place instanceof vscode.Uri) {
    return { uri: place.toString() };
  }
  const root = place?.rootUri;
  return root !== undefined && vscode.workspace.getWorkspaceFolder(root) !== undefined
    ? { uri: root.toString() }
    : {};
}

async function repositoryOf(root?: vscode.Uri): Promise<GitRepository | undefined> {
  const extension = vscode.extensions.getExtension<GitExtension>("vscode.git");
  const git = await Promise.resolve(extension?.activate()).catch(() => undefined);
  const all = git?.getAPI(1).repositories ?? [];
  return all.find(({ rootUri }) => rootUri.toString() === root?.toString()) ?? all[0];
}

/** What a run said at its end; undefined when it did not get there. */
async function answerOf(server: Server, runId: string): Promise<string | undefined> {
  const end = await endOfRun(server, runId, MESSAGE_MILLISECONDS);
  const outcome = end?.event["outcome"] as { readonly summary?: unknown } | undefined;
  return typeof outcome?.summary === "string" ? outcome.summary.trim() : undefined;
}
