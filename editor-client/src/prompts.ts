/**
 * The questions of the server as notifications, in the place of the language client's own way:
 * one that a person sees on its card comes only once the card is hidden, and one that was
 * withdrawn says so when it is pressed, as VS Code lets nobody close a notification.
 */
import * as vscode from "vscode";
import {
  MessageType,
  type CancellationToken,
  type MessageActionItem,
  type ShowMessageRequestParams,
} from "vscode-languageclient/node";
import type { EventNotice } from "./protocol.js";
import { parsed } from "./parsed.js";
import { Asked } from "./event_shapes.js";
import type { SeenQuestions } from "./seen_questions.js";

export interface Prompts {
  /** Takes in what happens in runs: a prompt names its question by what it says of it. */
  readonly follow: (notice: EventNotice) => void;
  readonly show: (
    params: ShowMessageRequestParams,
    withdrawn: CancellationToken,
  ) => Promise<MessageActionItem | null>;
}

export function prompts(seen: SeenQuestions): Prompts {
  /** The questions that wait, oldest first: what each is about, and the run that people see. */
  const open = new Map<string, { readonly summary: string; readonly runId: string }>();
  const askedIn = (message: string) =>
    [...open].find(([, { summary }]) => message.includes(summary));
  return {
    follow: ({ runId, parentId, event, view }) => {
      const question =
        event.kind === "permission_asked" ? parsed(Asked, event)?.question : undefined;
      if (question !== undefined) {
        open.set(question.id, { summary: question.summary, runId: parentId ?? runId });
      } else if (event.kind === "permission_answered") {
        open.delete(view.fields.questionId ?? "");
      }
    },
    show: async ({ type, message, actions = [] }, withdrawn) => {
      const [id, question] = askedIn(message) ?? [];
      if (
        id !== undefined &&
        question !== undefined &&
        (await seen.comes(id, question.runId, withdrawn))
      ) {
        await seen.goes(id, withdrawn);
      }
      const isWithdrawn = (): boolean => withdrawn.isCancellationRequested;
      if (isWithdrawn()) {
        return null;
      }
      const pressed = await TELLERS[type](message, ...actions);
      if (pressed !== undefined && isWithdrawn()) {
        const text = vscode.l10n.t("Holdfast: this was answered already, or its run has ended");
        void vscode.window.showInformationMessage(text);
        return null;
      }
      return pressed ?? null;
    },
  };
}

type Tell = (
  text: string,
  ...actions: readonly MessageActionItem[]
) => Thenable<MessageActionItem | undefined>;

const TELLERS: Readonly<Record<MessageType, Tell>> = {
  [MessageType.Error]: vscode.window.showErrorMessage,
  [MessageType.Warning]: vscode.window.showWarningMessage,
  [MessageType.Info]: vscode.window.showInformationMessage,
  [MessageType.Log]: vscode.window.showInformationMessage,
  [MessageType.Debug]: vscode.window.showInformationMessage,
};
