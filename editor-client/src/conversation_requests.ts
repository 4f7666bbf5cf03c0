/** Does what a page of conversations asks for. */
import * as vscode from "vscode";
import { completed } from "./conversation_completion.js";
import { openTarget } from "./conversation_links.js";
import type { Page } from "./conversation_page.js";
import { pastRuns } from "./conversation_past.js";
import type { FromPage, PermissionMode, TalkMode } from "./conversation_shape.js";
import type { Diffs } from "./diffs.js";
import { currentSelection } from "./input.js";
import { isActive } from "./run_log.js";
import { CommandName, Reply, SECTION } from "./protocol.js";
import { endOfRun } from "./run_end.js";
import type { Runs } from "./runs.js";
import type { Server } from "./server.js";

interface Means {
  readonly context: vscode.ExtensionContext;
  readonly server: Server;
  readonly runs: Runs;
  readonly diffs: Diffs;
  readonly show: (page: Page, runId: string) => Promise<void>;
  /** The mode in which a run works. */
  readonly modeOf: (runId: string) => TalkMode | undefined;
}

type Requests = (page: Page, message: FromPage) => Promise<void>;

const HISTORY = "conversation.history";
const HISTORY_MAX = 50;
const MODE = "permissions.mode";

export function permissionMode(): PermissionMode {
  return vscode.workspace.getConfiguration(SECTION).get<PermissionMode>(MODE, "ask");
}

export function pageRequests({ context, server, runs, diffs, show, modeOf }: Means): Requests {
  const history = (): readonly string[] => context.workspaceState.get<string[]>(HISTORY, []);
  const run = (name: CommandName, argument: object): Promise<unknown> =>
    server.command(name, argument);
  return async (page, message) => {
    switch (message.type) {
      case "asks":
        break;
      case "ready":
        page.post({ type: "history", texts: history() });
        break;
      case "show":
        page.isChosen = message.runId !== "";
        await show(page, message.runId);
        break;
      case "send": {
        const { number, text } = message;
        await stoppedForMode(message);
        const reply = await server.ask(Reply, ...sending(message));
        page.post({ type: "sent", number, isTaken: reply !== undefined });
        if (reply !== undefined) {
          await permitted(message);
          await sampled(message);
          const texts = [...history().filter((each) => each !== text), text];
          await context.workspaceState.update(HISTORY, texts.slice(-HISTORY_MAX));
          await shownAfter(reply, page);
        }
        break;
      }
      case "switch": {
        const to = message.isMax ? "on" : "off";
        await run(CommandName.maxSwitch, { runId: message.runId, to });
        break;
      }
      case "stop":
        await run(CommandName.runStop, { runId: message.runId });
        break;
      case "answer": {
        const { questionId: id, answer, reason, rule } = message;
        const argument = {
          ...{ id, answer },
          ...(reason === "" ? {} : { reason }),
          ...(rule === "" ? {} : { rule }),
        };
        await run(CommandName.permissionAnswer, argument);
        break;
      }
      case "diff":
        await diffs.show(message.text, message.title);
        break;
      case "open":
        await openTarget(message.target);
        break;
      case "insert":
        await insert(message.text);
        break;
      case "act": {
        const known = runs.log().get(message.runId);
        if (known !== undefined) {
          await vscode.commands.executeCommand(`holdfast.ui.${message.name}`, { run: known });
        }
        break;
      }
      case "complete": {
        const { number, sign, word } = message;
        page.post({ type: "completions", number, items: await completed(server, sign, word) });
        break;
      }
      case "past":
        page.post({ type: "past", runs: await pastRuns(server) });
        break;
      case "rename":
        await run(CommandName.runRename, { runId: message.runId, title: message.title });
        await runs.refresh();
        page.post({ type: "past", runs: await pastRuns(server) });
        break;
      case "delete":
        if (await isToBeDeleted()) {
          await run(CommandName.runDelete, { runId: message.runId });
          await runs.refresh();
          if (page.runId === message.runId) {
            await show(page, "");
          }
        }
        page.post({ type: "past", runs: await pastRuns(server) });
        break;
      case "permissions": {
        const { runId, mode } = message;
        const isTaken =
          (await isMeant(mode)) &&
          (runId === "" || (await run(CommandName.permissionMode, { runId, mode })) !== undefined);
        if (!isTaken) {
          page.post({ type: "permissions", mode: permissionMode() });
        }
        break;
      }
    }
  };

  /** A run that goes on does so with the mode that the person sees beside their text. */
  async function permitted({
    runId,
    permissions: mode,
  }: FromPage & { type: "send" }): Promise<void> {
    if (runId !== "" && mode !== undefined) {
      await run(CommandName.permissionMode, { runId, mode });
    }
  }

  /** A run that goes on compares answers if the person chose so beside their text. */
  async function sampled({ runId, mode }: FromPage & { type: "send" }): Promise<void> {
    const isMax = mode === "max";
    if (runId !== "" && mode !== undefined && isMax !== (modeOf(runId) === "max")) {
      await run(CommandName.maxSwitch, { runId, to: isMax ? "on" : "off" });
    }
  }

  /** A run at work keeps its mode: it is stopped, and goes on in the other one with the text. */
  async function stoppedForMode({ runId, mode }: FromPage & { type: "send" }): Promise<void> {
    const now = runs.log().get(runId);
    const isOther = mode !== undefined && (modeOf(runId) === "plan") !== (mode === "plan");
    if (now !== undefined && isActive(now) && isOther) {
      const ended = endOfRun(server, runId, STOP_MILLISECONDS);
      await run(CommandName.runStop, { runId });
      await ended;
    }
  }

  async function shownAfter({ runId }: Reply, page: Page): Promise<void> {
    if (runId !== undefined && runId !== page.runId) {
      page.isChosen = false;
      await show(page, runId);
    }
  }
}

/** A first message begins a run, a later one is told to it. */
function sending(message: FromPage & { type: "send" }): [CommandName, object] {
  const { runId, text, images, mode, permissions } = message;
  return runId === ""
    ? [
        CommandName.runStart,
        {
          prompt: text,
          images,
          ...taskMode(mode),
          maxMode: mode === "max",
          ...(permissions === undefined ? {} : { permissions }),
          ...currentSelection(),
        },
      ]
    : [CommandName.runSend, { runId, text, images, ...taskMode(mode) }];
}

/** Max Mode builds. */
function taskMode(mode: TalkMode | undefined): { mode?: "plan" | "build" } {
  return mode === undefined ? {} : { mode: mode === "plan" ? "plan" : "build" };
}

/** A run ends within a second once it is stopped. */
const STOP_MILLISECONDS = 10_000;

async function isToBeDeleted(): Promise<boolean> {
  const yes = vscode.l10n.t("Delete");
  const text = vscode.l10n.t("Delete this conversation?");
  const detail = vscode.l10n.t("What it changed in files stays, and can no longer be taken back.");
  return (await vscode.window.showWarningMessage(text, { modal: true, detail }, yes)) === yes;
}

async function insert(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  await editor?.edit((edit) => {
    edit.replace(editor.selection, text);
  });
}

/** Whether a person really means a mode: what asks nobody needs a yes of its own. */
async function isMeant(mode: PermissionMode): Promise<boolean> {
  const yes = vscode.l10n.t("Allow everything");
  const text = vscode.l10n.t(
    "Holdfast would edit files and run commands without asking, on your account and outside of any sandbox.",
  );
  return (
    mode !== "full" || (await vscode.window.showWarningMessage(text, { modal: true }, yes)) === yes
  );
}
