/**
 * Runs as notifications with a Cancel button. The language client alone would hide
 * their progress in the status bar, with the button two clicks away. While a run waits for
 * an answer its question is the notification, and this one is away.
 */
import * as vscode from "vscode";
import {
  WorkDoneProgressCancelNotification,
  type BaseLanguageClient,
  type Middleware,
  type ProgressToken,
} from "vscode-languageclient/node";
import type { EventNotice } from "./protocol.js";

export interface RunProgress {
  readonly dispose: () => void;
  readonly handle: NonNullable<Middleware["handleWorkDoneProgress"]>;
  /** Takes in what happens in runs. */
  readonly follow: (notice: EventNotice) => void;
}

interface Notification {
  readonly report: (message: string) => void;
  readonly end: () => void;
}

/** A run whose progress is shown, with what it said last. */
interface Shown {
  readonly title: string;
  message: string;
  notification: Notification | undefined;
}

export function runProgress(client: () => BaseLanguageClient): RunProgress {
  const shown = new Map<ProgressToken, Shown>();
  /** The open questions of each run, by its id. */
  const questions = new Map<string, Set<string>>();
  const waits = (token: ProgressToken): boolean =>
    [...questions].some(([runId, open]) => open.size > 0 && isOf(token, runId));
  const draw = (): void => {
    shown.forEach((run, token) => {
      if (waits(token)) {
        run.notification?.end();
        run.notification = undefined;
      } else {
        run.notification ??= notification(client, token, run.title, run.message);
      }
    });
  };
  return {
    handle: (token, params, next) => {
      const run = shown.get(token);
      switch (params.kind) {
        case "begin":
          // What can be counted, as indexing, is no run and stays in the status bar.
          if (params.cancellable === true && params.percentage === undefined) {
            const { title, message = "" } = params;
            shown.set(token, { title, message, notification: undefined });
            draw();
          } else {
            next(token, params);
          }
          return;
        case "report":
          if (run !== undefined) {
            run.message = params.message ?? "";
            run.notification?.report(run.message);
          }
          break;
        case "end":
          run?.notification?.end();
          shown.delete(token);
          break;
      }
      next(token, params);
    },
    follow: ({ runId, parentId, event, view }) => {
      const id = view.fields.questionId;
      if (id === undefined) {
        return;
      }
      // A subagent's question is one of the run that people see.
      const top = parentId ?? runId;
      const open = new Set(questions.get(top));
      if (event.kind === "permission_asked") {
        open.add(id);
      } else {
        open.delete(id);
      }
      questions.set(top, open);
      draw();
    },
    dispose: () => {
      shown.forEach((run) => run.notification?.end());
      shown.clear();
      questions.clear();
    },
  };
}

/** Whether a token is that of a run, which has another one each time that it goes on. */
function isOf(token: ProgressToken, runId: string): boolean {
  const own = `holdfast/${runId}`;
  return token === own || (typeof token === "string" && token.startsWith(`${own}/`));
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
