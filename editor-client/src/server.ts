/**
 * The server's life as this window sees it: found, started, restarted once after a
 * crash, stopped. Everything else speaks to it through `Server`.
 */
import { execFile } from "node:child_process";
import type * as v from "valibot";
import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  State,
  type LanguageClient,
} from "vscode-languageclient/node";
import { environment } from "./api_key.js";
import { languageClient } from "./client.js";
import { versionOf } from "./contributed.js";
import { crashes, oneAtATime } from "./crashes.js";
import { installServer, managedFolder, offerServer } from "./install.js";
import { installedPath } from "./installation.js";
import { selectedInterpreter } from "./interpreter.js";
import { findServer, ServerPathWrong, type Launch, type Probe } from "./launch.js";
import { mismatch } from "./mismatch.js";
import { notice } from "./notices.js";
import { Reply, SECTION, type CommandName, type EventNotice, type Status } from "./protocol.js";
import { reader, type Reader } from "./reader.js";
import type { SeenQuestions } from "./seen_questions.js";
import { openSettings } from "./settings_page.js";

export type ServerState =
  "stopped" | "starting" | "running" | "missing" | "installing" | "untrusted";

export interface Server {
  readonly dispose: () => void;
  readonly state: ServerState;
  readonly onState: vscode.Event<ServerState>;
  readonly onStatus: vscode.Event<Status>;
  readonly onEvent: vscode.Event<EventNotice>;
  /** A run began, or went on, because the person in this window asked for it; its id. */
  readonly onBegun: vscode.Event<string>;
  /** The reply; undefined when it failed, which a message says then. */
  readonly command: (name: CommandName, argument?: object) => Promise<unknown>;
  /** The reply as that shape; undefined when it failed or has another one, which a message says then. */
  readonly ask: <Shape extends v.GenericSchema>(
    shape: Shape,
    name: CommandName,
    argument?: object,
  ) => Promise<v.InferOutput<Shape> | undefined>;
  /** Runs a command with which a person has a run begin or go on, as which it is told then. */
  readonly begin: (name: CommandName, argument: object) => Promise<unknown>;
  /** Reads what the server sent within something else. */
  readonly read: Reader;
  /** Whether the running server knows a command. */
  readonly knows: (name: CommandName) => boolean;
  /** Makes the server ask for the settings again. */
  readonly settingsChanged: () => void;
  readonly restart: () => Promise<void>;
  /** Installs the one that travels with the extension, and starts it. */
  readonly install: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const PROBE_MILLISECONDS = 15_000;
const STOP_MILLISECONDS = 3_000;

export function server(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  seen: SeenQuestions,
): Server {
  const states = new vscode.EventEmitter<ServerState>();
  const statuses = new vscode.EventEmitter<Status>();
  const events = new vscode.EventEmitter<EventNotice>();
  const begun = new vscode.EventEmitter<string>();
  const deaths = crashes();
  const probe = printed(context.extensionPath);
  let state: ServerState = "stopped";
  let client: LanguageClient | undefined;
  let read: Reader = reader(() => undefined);

  const enter = (next: ServerState): void => {
    if (state !== next) {
      state = next;
      states.fire(next);
    }
  };

  const stop = async (): Promise<void> => {
    const running = client;
    client = undefined;
    if (running?.needsStop() === true) {
      await running.stop(STOP_MILLISECONDS).catch((error: unknown) => {
        log.warn(String(error));
      });
    }
    await running?.dispose().catch(() => undefined);
    enter("stopped");
  };

  const crashed = (): boolean => {
    const again = deaths.crashed() === "restart";
    log.error(`The server ended unexpectedly${again ? " and is started again." : " once more."}`);
    if (!again) {
      enter("stopped");
      void showCrashLoop(log);
    }
    return again;
  };

  const connect = async (launch: Launch): Promise<void> => {
    log.info(`starting ${launch.command}, version ${launch.version}, found by ${launch.source}`);
    const variables = await environment(context.secrets);
    // One in the background may be another one than was found.
    const serverVersion = (): string =>
      fresh.initializeResult?.serverInfo?.version ?? launch.version;
    read = reader(mismatch(log, versionOf(context.extension), serverVersion));
    const fresh = languageClient(context, launch, variables, log, read, seen, {
      status: statuses.fire.bind(statuses),
      event: events.fire.bind(events),
      begun: begun.fire.bind(begun),
      crashed,
    });
    fresh.onDidChangeState(({ newState }) => {
      if (client === fresh && newState !== State.Stopped) {
        enter(newState === State.Running ? "running" : "starting");
      }
    });
    client = fresh;
    // A server that ends while it starts is a crash and shown as one.
    await fresh.start().catch((error: unknown) => {
      log.error(String(error));
    });
  };

  const start = async (): Promise<void> => {
    await stop();
    if (!vscode.workspace.isTrusted) {
      enter("untrusted");
      return;
    }
    enter("starting");
    const launch = await found(context, probe, () => void offer());
    if (launch !== undefined) {
      await connect(launch);
      return;
    }
    enter("missing");
  };

  const restart = oneAtATime(start);

  const install = oneAtATime(async () => {
    // It may have been installed meanwhile.
    if (state !== "missing") {
      return;
    }
    enter("installing");
    const installed = await installServer(context, log, probe);
    enter("missing");
    if (installed) {
      await restart();
    }
  });

  const offer = async (): Promise<void> => {
    if (await offerServer(context)) {
      await install();
    }
  };

  const command = async (name: CommandName, argument?: object): Promise<unknown> => {
    if (client?.isRunning() !== true) {
      void vscode.window.showWarningMessage(vscode.l10n.t("Holdfast: the server is not running"));
      return undefined;
    }
    const params = { command: name, arguments: argument === undefined ? [] : [argument] };
    try {
      return (await client.sendRequest(ExecuteCommandRequest.type, params)) as unknown;
    } catch (error) {
      void vscode.window.showErrorMessage(`Holdfast: ${notice((error as Error).message)}`);
      return undefined;
    }
  };

  const ask: Server["ask"] = async (shape, name, argument) => {
    const reply = await command(name, argument);
    return reply == null ? undefined : read.as(shape, `the reply to ${name}`, reply);
  };

  return {
    get state() {
      return state;
    },
    onState: states.event,
    onStatus: statuses.event,
    onEvent: events.event,
    onBegun: begun.event,
    command,
    ask,
    begin: async (name, argument) => {
      const runId = (await ask(Reply, name, argument))?.runId;
      if (runId !== undefined) {
        begun.fire(runId);
      }
    },
    get read() {
      return read;
    },
    knows: (name) =>
      client?.initializeResult?.capabilities.executeCommandProvider?.commands.includes(name) ??
      false,
    settingsChanged: () => {
      void client?.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
    },
    restart: () => {
      deaths.forget();
      return restart();
    },
    install,
    stop,
    dispose: () => {
      states.dispose();
      statuses.dispose();
      events.dispose();
      begun.dispose();
    },
  };
}

/** The server to start; when there is none, a message says so and `offer` may help. */
async function found(
  context: vscode.ExtensionContext,
  probe: Probe,
  offer: () => void,
): Promise<Launch | undefined> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const places = {
    path: configuration.get<string>("server.path", ""),
    background: configuration.get<boolean>("server.background", false),
    interpreter: await selectedInterpreter(vscode.workspace.workspaceFolders?.[0]?.uri),
    installed: installedPath(managedFolder(context)),
  };
  try {
    const launch = await findServer(places, probe);
    if (launch === undefined) {
      offer();
    }
    return launch;
  } catch (error) {
    if (error instanceof ServerPathWrong) {
      void showWrongPath(error.message);
      return undefined;
    }
    throw error;
  }
}

/** Not run in the workspace: Python looks for modules where it is started. */
function printed(cwd: string): Probe {
  return (command, args) =>
    new Promise((resolve) => {
      execFile(command, args, { cwd, timeout: PROBE_MILLISECONDS }, (error, stdout) => {
        resolve(error === null ? stdout : undefined);
      });
    });
}

async function showCrashLoop(log: vscode.LogOutputChannel): Promise<void> {
  const [restart, show] = [vscode.l10n.t("Restart"), vscode.l10n.t("Show Log")];
  const text = vscode.l10n.t(
    "Holdfast’s server ended twice within minutes and was not started again. Your runs are on disk and can be resumed.",
  );
  const answer = await vscode.window.showErrorMessage(text, restart, show);
  if (answer === show) {
    log.show();
  } else if (answer === restart) {
    await vscode.commands.executeCommand("holdfast.ui.restart");
  }
}

async function showWrongPath(path: string): Promise<void> {
  const settings = vscode.l10n.t("Open Settings");
  const text = vscode.l10n.t(
    "holdfast.server.path is set to “{0}”, which is no Holdfast server",
    notice(path),
  );
  if ((await vscode.window.showErrorMessage(text, settings)) === settings) {
    await openSettings("holdfast.server.path");
  }
}
