/** Offers to go on with a run that was interrupted, until the person declines. */
import * as vscode from "vscode";
import { notice } from "./notices.js";
import { CommandName, RunListReply } from "./protocol.js";
import type { Server } from "./server.js";

const DECLINED = "holdfast.declined";
const DECLINED_MAX = 100;

export function resumeOffers(server: Server, memory: vscode.Memento): vscode.Disposable {
  return server.onState((state) => {
    if (state === "running") {
      void offer(server, memory);
    }
  });
}

async function offer(server: Server, memory: vscode.Memento): Promise<void> {
  const reply = await server.ask(RunListReply, CommandName.runList);
  const declined = memory.get<readonly string[]>(DECLINED, []);
  const run = reply?.runs.find(
    ({ state, parentId }) => state === "interrupted" && parentId === undefined,
  );
  if (run === undefined || declined.includes(run.runId)) {
    return;
  }
  const [resume, show] = [vscode.l10n.t("Resume"), vscode.l10n.t("Show Transcript")];
  const text = vscode.l10n.t(
    "Holdfast: “{0}” was interrupted at step {1}. Nothing is lost.",
    notice(run.title),
    run.step,
  );
  const answer = await vscode.window.showInformationMessage(text, resume, show);
  if (answer === resume) {
    await server.begin(CommandName.runResume, { runId: run.runId });
  } else if (answer === show) {
    await server.command(CommandName.runShow, { runId: run.runId });
  }
  if (answer !== resume) {
    await memory.update(DECLINED, [...declined, run.runId].slice(-DECLINED_MAX));
  }
}
