/** Lets a person choose the model that works: one that is found, or any by address and key. */
import * as v from "valibot";
import * as vscode from "vscode";
import { keepApiKey } from "./api_key.js";
import { notice } from "./notices.js";
import { CommandName, ModelEntry, ModelListReply, SECTION } from "./protocol.js";
import type { Server } from "./server.js";

/** Settings of this window, which would win over the person's file where the choice is kept. */
const OWN_SETTINGS = ["model.base_url", "model.name"];

/** A refusal has no list. The state says nothing of that: it is `error` after a run that failed. */
const ListedOrRefused = v.object({
  ...ModelListReply.entries,
  models: v.optional(v.array(ModelEntry)),
});

interface Item extends vscode.QuickPickItem {
  readonly model?: ModelEntry;
}

export async function chooseModel(server: Server, secrets: vscode.SecretStorage): Promise<void> {
  const reply = await listed(server, {});
  if (reply === undefined) {
    return;
  }
  const other: Item = {
    label: vscode.l10n.t("$(globe) Another address…"),
    detail: vscode.l10n.t("OpenRouter, OpenAI, Anthropic, or a server elsewhere, with its key"),
    alwaysShow: true,
  };
  const picked = await pick([...reply.models.map(item), other], notice(reply.message));
  if (picked?.model !== undefined) {
    await choose(server, picked.model, false);
  } else if (picked === other) {
    await chooseElsewhere(server, secrets);
  }
}

async function chooseElsewhere(server: Server, secrets: vscode.SecretStorage): Promise<void> {
  const baseUrl = await vscode.window.showInputBox({
    title: vscode.l10n.t("Holdfast: Address of the Endpoint"),
    prompt: vscode.l10n.t("Up to and including the version"),
    placeHolder: "https://openrouter.ai/api/v1",
    ignoreFocusOut: true,
  });
  if (baseUrl === undefined || baseUrl.trim() === "") {
    return;
  }
  const key = await vscode.window.showInputBox({
    title: vscode.l10n.t("Holdfast: API Key"),
    prompt: vscode.l10n.t("The key for {0}. Leave it empty for none.", baseUrl),
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) {
    return;
  }
  const withKey = key.trim() !== "";
  if (withKey) {
    await keepApiKey(secrets, key);
    // The server has the key in its environment alone.
    await server.restart();
  }
  const reply = await listed(server, { baseUrl, withKey });
  if (reply === undefined) {
    return;
  }
  const picked = await pick(reply.models.map(item), vscode.l10n.t("Models at {0}", baseUrl));
  if (picked?.model !== undefined) {
    await choose(server, picked.model, withKey);
  }
}

/** Tries the model and keeps the choice; the server says how it went. */
async function choose(server: Server, model: ModelEntry, withKey: boolean): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  for (const name of OWN_SETTINGS) {
    if (configuration.inspect(name)?.globalValue !== undefined) {
      await configuration.update(name, undefined, vscode.ConfigurationTarget.Global);
    }
  }
  const { baseUrl, name } = model;
  await server.command(CommandName.modelChoose, { baseUrl, name, withKey });
}

async function listed(server: Server, argument: object): Promise<ModelListReply | undefined> {
  const reply = await server.ask(ListedOrRefused, CommandName.modelList, argument);
  const models = reply?.models;
  return reply === undefined || models === undefined ? undefined : { ...reply, models };
}

function pick(items: readonly Item[], placeHolder: string): Thenable<Item | undefined> {
  return vscode.window.showQuickPick([...items], {
    title: vscode.l10n.t("Holdfast: Choose a Model"),
    placeHolder,
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
}

function item(model: ModelEntry): Item {
  return {
    label: `${model.current ? "$(check) " : ""}${model.name}`,
    description: model.baseUrl,
    detail: model.server,
    model,
  };
}
