/** Offers to go on with runs that were interrupted, each once. */
import * as vscode from "vscode";
import { CommandName, parsed, RunListReply } from "./protocol.js";
import type { Server } from "./server.js";

const OFFERED = "holdfast.offered";
const OFFERED_MAX = 100;

export function resumeOffers(server: Server, memory: vscode.Memento): vscode.Disposable {
  return server.onState((state) => {
    if (state === "running") {
      void offer(server, memory);
    }
  });
}

async function offer(server: Server, memory: vscode.Memento): Promise<void> {
  const reply = parsed(RunListReply, await server.command(CommandName.runList));
  const run = reply?.runs.find(({ state }) => state === "interrupted");
  const offered = memory.get<readonly string[]>(OFFERED, []);
  // A run that got further since and was interrupted again is offered again.
  const key = run === undefined ? "" : `${run.runId}@${run.step}`;
  if (run === undefined || offered.includes(key)) {
    return;
  }
  await memory.update(OFFERED, [...offered, key].slice(-OFFERED_MAX));
  const [resume, show] = [vscode.l10n.t("Resume"), vscode.l10n.t("Show Transcript")];
  const text = vscode.l10n.t(
    "Holdfast: “{0}” was interrupted at step {1}. Nothing is lost.",
    run.title,
    run.step,
  );
  const answer = await vscode.window.showInformationMessage(text, resume, show);
  if (answer === resume) {
    await server.command(CommandName.runResume, { runId: run.runId });
  } else if (answer === show) {
    await server.command(CommandName.runShow, { runId: run.runId });
  }
}
