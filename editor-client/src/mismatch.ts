/** Says that server and extension do not understand each other, once while they are connected. */
import * as vscode from "vscode";
import { notice } from "./notices.js";
import type { Report } from "./reader.js";

/** Thousands of Events may differ in the same way, and the log is for people. */
const LINES_MAX = 200;

export function mismatch(
  log: vscode.LogOutputChannel,
  extension: string,
  server: () => string,
): Report {
  const lines = new Set<string>();
  return (what, faults) => {
    const line = `cannot read ${what} of the server: ${faults.join("; ")}`;
    if (lines.has(line) || lines.size >= LINES_MAX) {
      return;
    }
    if (lines.size === 0) {
      void show(log, extension, server());
    }
    lines.add(line);
    log.warn(line);
  };
}

async function show(log: vscode.LogOutputChannel, extension: string, server: string) {
  const text = vscode.l10n.t(
    "Holdfast: the server (version {0}) sends what this extension (version {1}) cannot read, so something is not shown. Bring both to the same version.",
    notice(server),
    extension,
  );
  const button = vscode.l10n.t("Show Log");
  if ((await vscode.window.showWarningMessage(text, button)) === button) {
    log.show();
  }
}
