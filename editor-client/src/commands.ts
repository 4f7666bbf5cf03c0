/**
 * The palette: asks for what a command needs and passes it on.
 *
 * The ids are `holdfast.ui.…`, since the language client registers the server's own
 * under their names. To add one: a handler here, in `run_commands.ts`, `permission_commands.ts`, `review_commands.ts`,
 * `source_commands.ts`, `image_commands.ts`, `place_commands.ts`, `output_commands.ts`, `conversation_commands.ts`, `goal_commands.ts`, `skill_commands.ts` or `workflow_commands.ts`,
 * and its title in `package.json`.
 */
import * as vscode from "vscode";
import { askForApiKey } from "./api_key.js";
import { chooseModel } from "./choose_model.js";
import type { Candidates } from "./candidates.js";
import { contributed } from "./contributed.js";
import type { Conversation } from "./conversation.js";
import { conversationCommands } from "./conversation_commands.js";
import type { Diffs } from "./diffs.js";
import type { Extensions } from "./extensions.js";
import { goalCommands } from "./goal_commands.js";
import type { Goals } from "./goals.js";
import type { InlineEdits } from "./inline_edit.js";
import { imageCommands } from "./image_commands.js";
import { askForText, currentSelection } from "./input.js";
import { searchMemory } from "./memory.js";
import { notice } from "./notices.js";
import { outputCommands } from "./output_commands.js";
import { placeCommands } from "./place_commands.js";
import { permissionCommands } from "./permission_commands.js";
import { CommandName, Reply } from "./protocol.js";
import type { Review } from "./review.js";
import { reviewCommands } from "./review_commands.js";
import { hasJudged, runCommands } from "./run_commands.js";
import { isActive, openQuestions, own } from "./run_log.js";
import type { Runs } from "./runs.js";
import type { Server } from "./server.js";
import { sourceCommands } from "./source_commands.js";
import { openSettings } from "./settings_page.js";
import { skillCommands } from "./skill_commands.js";
import { workflowCommands } from "./workflow_commands.js";

/** The parts of the extension that commands work with. */
export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly server: Server;
  readonly runs: Runs;
  readonly conversation: Conversation;
  readonly goals: Goals;
  readonly extensions: Extensions;
  readonly candidates: Candidates;
  readonly diffs: Diffs;
  readonly review: Review;
  readonly inlineEdits: InlineEdits;
}

export function commands(parts: Parts): vscode.Disposable {
  const { server, runs, goals, candidates, diffs, review } = parts;
  return vscode.Disposable.from(
    ...registered(runCommands(server, runs, candidates, diffs)),
    ...registered(conversationCommands(parts.conversation)),
    ...registered(reviewCommands(server, runs, review)),
    ...registered(permissionCommands(server, runs, diffs)),
    ...registered(sourceCommands(server)),
    ...registered(imageCommands(server)),
    ...registered(placeCommands(server, parts.conversation, parts.inlineEdits)),
    ...registered(outputCommands(server)),
    ...registered(goalCommands(server, goals)),
    ...registered(skillCommands(server)),
    ...registered(workflowCommands(server)),
    ...registered(otherCommands(parts)),
  );
}

function registered(handlers: Record<string, (node?: never) => unknown>): vscode.Disposable[] {
  return Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(`holdfast.ui.${name}`, handler),
  );
}

function otherCommands(parts: Parts): Record<string, () => unknown> {
  const { context, extensions, log, server } = parts;
  /** Runs a command that has no view and shows its reply. */
  const runAndShow = async (name: CommandName, argument?: object): Promise<void> => {
    const message = (await server.ask(Reply, name, argument))?.message;
    if (message !== undefined) {
      void vscode.window.showInformationMessage(`Holdfast: ${notice(message)}`);
    }
  };
  return {
    searchMemory: () => {
      searchMemory(server);
    },
    remember: async () => {
      const question = vscode.l10n.t("What should Holdfast remember about this project?");
      const text = await askForText(question);
      if (text !== undefined) {
        await runAndShow(CommandName.memoryRemember, { text, uri: currentSelection().uri });
      }
    },
    forget: async () => {
      const question = vscode.l10n.t("What should Holdfast forget? Facts that match go.");
      const query = await askForText(question);
      if (query !== undefined) {
        await runAndShow(CommandName.memoryForget, { query });
      }
    },
    reindex: () => runAndShow(CommandName.memoryReindex),
    memoryStatus: () => runAndShow(CommandName.memoryStatus),
    dream: () => server.command(CommandName.evolveDream),
    dreamModel: () => server.command(CommandName.evolveDream, { model: true }),
    distill: () => server.command(CommandName.evolveDistill),
    distillReplay: () => server.command(CommandName.evolveDistill, { replay: true }),
    inbox: async () => {
      const reply = await server.ask(Reply, CommandName.evolveStatus);
      if (reply?.uri === undefined && reply?.message !== undefined) {
        void vscode.window.showInformationMessage(`Holdfast: ${notice(reply.message)}`);
      }
    },
    restoreAnswer: () => runAndShow(CommandName.evolveRestore),
    doctor: () => server.command(CommandName.doctor),
    refreshExtensions: () => {
      extensions.refresh();
    },
    chooseModel: () => chooseModel(server, context.secrets),
    setApiKey: async () => {
      if (await askForApiKey(context.secrets)) {
        await server.restart();
      }
    },
    install: () => server.install(),
    restart: () => server.restart(),
    showLog: () => {
      log.show();
    },
    openSettings: () => openSettings(`@ext:${context.extension.id}`),
    menu: () => menu(parts),
  };
}

/** Shows the commands that suit the moment, most pressing first. */
async function menu({ server, runs, context }: Parts): Promise<void> {
  const all = own(runs.log());
  const active = all.some(isActive);
  const titles = new Map(
    contributed(context.extension).map(({ command, title, icon }) => [
      command,
      `${icon ?? "$(blank)"} ${typeof title === "string" ? title : title.value}`,
    ]),
  );
  const names =
    server.state === "running"
      ? [
          ...(openQuestions(runs.log()).length > 0 ? ["answer"] : []),
          ...(all[0]?.state === "blocked" ? ["send"] : []),
          ...(active ? ["send", "permissions", "switchMax", "stop"] : []),
          ...["conversation", "work", "workOnGoal", "newGoal", "checkGoals", "attempts", "propose"],
          ...(all.some(hasJudged) ? ["compare"] : []),
          ...(server.knows(CommandName.memorySearch) ? ["searchMemory"] : []),
          ...(all.length > 0 ? ["review", "show", "resume", "rewind", "fork", "undo"] : []),
          ...["chooseModel", "doctor", "setApiKey", "openSettings", "showLog", "restart"],
        ]
      : [
          ...(server.state === "missing" ? ["install"] : []),
          ...["restart", "openSettings", "showLog"],
        ];
  const items = names.map((name) => {
    const command = `holdfast.ui.${name}`;
    return { label: titles.get(command) ?? command, command };
  });
  const chosen = await vscode.window.showQuickPick(items, { title: "Holdfast" });
  if (chosen !== undefined) {
    await vscode.commands.executeCommand(chosen.command);
  }
}
