/**
 * Runs as notifications with a Cancel button. The language client alone would hide
 * their progress in the status bar, with the button two clicks away.
 */
import * as vscode from "vscode";
import {
  WorkDoneProgressCancelNotification,
  type BaseLanguageClient,
  type Middleware,
  type ProgressToken,
} from "vscode-languageclient/node";

export interface RunProgress {
  readonly dispose: () => void;
  readonly handle: NonNullable<Middleware["handleWorkDoneProgress"]>;
}

interface Notification {
  readonly report: (message: string) => void;
  readonly end: () => void;
}

export function runProgress(client: () => BaseLanguageClient): RunProgress {
  const shown = new Map<ProgressToken, Notification>();
  return {
    handle: (token, params, next) => {
      switch (params.kind) {
        case "begin":
          // What can be counted, as indexing, is no run and stays in the status bar.
          if (params.cancellable === true && params.percentage === undefined) {
            shown.set(token, notification(client, token, params.title, params.message ?? ""));
          } else {
            next(token, params);
          }
          return;
        case "report":
          shown.get(token)?.report(params.message ?? "");
          break;
        case "end":
          shown.get(token)?.end();
          shown.delete(token);
          break;
      }
      next(token, params);
    },
    dispose: () => {
      shown.forEach(({ end }) => {
        end();
      });
      shown.clear();
    },
  };
}

function notification(
  client: () => BaseLanguageClient,
  token: ProgressToken,
  title: string,
  message: string,
): Notification {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let report: (message: string) => void = () => undefined;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  void vscode.window.withProgress(options, (progress, cancelled) => {
    report = (text) => {
      progress.report({ message: text });
    };
    report(message);
    cancelled.onCancellationRequested(() => {
      void client().sendNotification(WorkDoneProgressCancelNotification.type, { token });
    });
    return ended;
  });
  return {
    report: (text) => {
      report(text);
    },
    end,
  };
}
