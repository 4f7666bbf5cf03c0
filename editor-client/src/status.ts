/** The one status bar item: goals and the run; a click opens the menu. */
import * as vscode from "vscode";
import { CommandName, type Status } from "./protocol.js";
import type { Server, ServerState } from "./server.js";
import { statusLine } from "./status_line.js";

export function statusItem(server: Server): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(
    "holdfast.status",
    vscode.StatusBarAlignment.Left,
    10,
  );
  item.name = "Holdfast";
  const whole = (state: ServerState): void => {
    void vscode.commands.executeCommand("setContext", "holdfast.server", state);
    const hasMemory = state === "running" && server.knows(CommandName.memorySearch);
    void vscode.commands.executeCommand("setContext", "holdfast.hasMemory", hasMemory);
    item.command = state === "untrusted" ? "workbench.trust.manage" : "holdfast.ui.menu";
    if (state !== "running") {
      void vscode.commands.executeCommand("setContext", "holdfast.state", "idle");
      show(item, SERVER_TEXTS[state](), state === "missing");
    } else {
      show(item, "$(target) Holdfast", false);
    }
  };
  const change = (status: Status): void => {
    void vscode.commands.executeCommand("setContext", "holdfast.state", status.state);
    show(item, statusLine(status), status.state === "waiting");
    item.tooltip = tooltip(status);
  };
  whole(server.state);
  item.show();
  return vscode.Disposable.from(item, server.onState(whole), server.onStatus(change));
}

const SERVER_TEXTS: Readonly<Record<Exclude<ServerState, "running">, () => string>> = {
  stopped: () => vscode.l10n.t("$(circle-slash) Holdfast: stopped"),
  starting: () => vscode.l10n.t("$(loading~spin) Holdfast: starting"),
  missing: () => vscode.l10n.t("$(warning) Holdfast: no server"),
  installing: () => vscode.l10n.t("$(loading~spin) Holdfast: installing"),
  untrusted: () => vscode.l10n.t("$(shield) Holdfast: restricted"),
};

function show(item: vscode.StatusBarItem, text: string, attention: boolean): void {
  item.text = text;
  item.tooltip = "Holdfast";
  item.backgroundColor = attention
    ? new vscode.ThemeColor("statusBarItem.warningBackground")
    : undefined;
}

function tooltip(status: Status): vscode.MarkdownString {
  const { met, unmet, blocked, total } = status.goals;
  const page = new vscode.MarkdownString();
  const lines = [
    status.title ?? "",
    status.message,
    total > 0
      ? vscode.l10n.t("{0} of {1} goals met, {2} unmet, {3} blocked", met, total, unmet, blocked)
      : vscode.l10n.t("no goals yet"),
    ...(status.permissions === undefined
      ? []
      : [vscode.l10n.t("permissions of this run: {0}", status.permissions)]),
    ...(status.contextShare === undefined
      ? []
      : [vscode.l10n.t("{0} % of the context used", Math.round(100 * status.contextShare))]),
    ...(status.stepCacheHitRate === undefined
      ? []
      : [
          vscode.l10n.t(
            "{0} % of the last step's prompt was cached",
            Math.round(100 * status.stepCacheHitRate),
          ),
        ]),
    status.endpoint ?? vscode.l10n.t("no model endpoint"),
  ];
  lines
    .filter((line) => line !== "")
    .forEach((line) => {
      page.appendText(line).appendMarkdown("\n\n");
    });
  return page;
}
