/** The language client: plain LSP, and what of ours it adds to it. */
import type * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  ShowMessageRequest,
  State,
  type Middleware,
  type StaticFeature,
} from "vscode-languageclient/node";
import { settingsOf } from "./chosen_settings.js";
import { diagnosticsOf } from "./diagnostics.js";
import type { Launch } from "./launch.js";
import { askForPrompt } from "./prompt.js";
import { runProgress, type RunProgress } from "./progress.js";
import { parsed } from "./parsed.js";
import {
  CommandName,
  DiagnosticsRequest,
  Method,
  Reply,
  SaveRequest,
  SECTION,
  Status,
  type EventNotice,
} from "./protocol.js";
import { prompts } from "./prompts.js";
import { save } from "./saving.js";
import type { Reader } from "./reader.js";
import type { SeenQuestions } from "./seen_questions.js";

export interface Listener {
  readonly status: (status: Status) => void;
  readonly event: (notice: EventNotice) => void;
  /** A run began, or went on, by a lens, a code action or a key; its id. */
  readonly begun: (runId: string) => void;
  /** The server is gone and nobody had asked for it; whether to start it again. */
  readonly crashed: () => boolean;
}

export function languageClient(
  context: vscode.ExtensionContext,
  launch: Launch,
  environment: NodeJS.ProcessEnv,
  log: vscode.LogOutputChannel,
  read: Reader,
  seen: SeenQuestions,
  listener: Listener,
): LanguageClient {
  const progress = runProgress(() => client);
  const prompted = prompts(seen);
  const client: LanguageClient = new LanguageClient(
    SECTION,
    "Holdfast",
    {
      command: launch.command,
      args: [...launch.args],
      // Not the workspace: Python looks for modules where it is started.
      options: { env: environment, cwd: context.extensionPath },
    },
    {
      documentSelector: [{ scheme: "file" }],
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware: middleware(context, progress, listener.begun),
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({
          action: listener.crashed() ? CloseAction.Restart : CloseAction.DoNotRestart,
          handled: true,
        }),
      },
    },
  );
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Stopped) {
      // Nobody else would end what a server that died had begun.
      progress.dispose();
    }
  });
  client.registerFeature(ownCapabilities());
  client.onRequest(ShowMessageRequest.type, prompted.show);
  client.onNotification(Method.status, (value: unknown) => {
    const status = read.as(Status, "a status", value);
    if (status !== undefined) {
      listener.status(status);
    }
  });
  client.onNotification(Method.event, (value: unknown) => {
    const notice = read.event(value);
    if (notice !== undefined) {
      progress.follow(notice);
      prompted.follow(notice);
      listener.event(notice);
    }
  });
  client.onRequest(Method.diagnostics, (value: unknown) =>
    diagnosticsOf(parsed(DiagnosticsRequest, value)?.uri),
  );
  client.onRequest(Method.save, (value: unknown) => {
    const request = parsed(SaveRequest, value);
    return request === undefined ? null : save(request);
  });
  return client;
}

/** The commands with which a person has a run begin or go on. */
const BEGIN: ReadonlySet<string> = new Set([
  CommandName.runStart,
  CommandName.runResume,
  CommandName.runSend,
  CommandName.runFork,
  CommandName.maxPropose,
  CommandName.commandRun,
  CommandName.workflowRun,
]);

function middleware(
  context: vscode.ExtensionContext,
  progress: RunProgress,
  begun: (runId: string) => void,
): Middleware {
  return {
    executeCommand: async (command, args: unknown[], next) => {
      const asked = await askForPrompt(command, args);
      const reply = asked === undefined ? undefined : ((await next(command, asked)) as unknown);
      const runId = BEGIN.has(command) ? parsed(Reply, reply)?.runId : undefined;
      if (runId !== undefined) {
        begun(runId);
      }
      return reply;
    },
    handleWorkDoneProgress: progress.handle,
    workspace: {
      configuration: ({ items }) =>
        Promise.all(
          items.map(({ section, scopeUri }) =>
            section === SECTION ? settingsOf(context.extension, scopeUri) : Promise.resolve(null),
          ),
        ),
    },
  };
}

function ownCapabilities(): StaticFeature {
  return {
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = {
        [SECTION]: {
          status: true,
          event: true,
          diagnostics: true,
          save: true,
          questions: true,
          ends: true,
        },
      };
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  };
}
