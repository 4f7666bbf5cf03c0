/** The key of the model's endpoint: kept by the editor, handed over by environment. */
import * as vscode from "vscode";

const SECRET = "holdfast.apiKey";

/** The environment of the server. */
export async function environment(secrets: vscode.SecretStorage): Promise<NodeJS.ProcessEnv> {
  const key = await secrets.get(SECRET);
  return key === undefined ? process.env : { ...process.env, HOLDFAST_API_KEY: key };
}

/** Asks for the key; whether it changed. An empty one removes it. */
export async function askForApiKey(secrets: vscode.SecretStorage): Promise<boolean> {
  const key = await vscode.window.showInputBox({
    title: vscode.l10n.t("Holdfast: API Key"),
    prompt: vscode.l10n.t("The key of your model’s endpoint. Leave it empty to remove it."),
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) {
    return false;
  }
  await keepApiKey(secrets, key);
  return true;
}

/** Keeps a key in the editor's store of secrets; an empty one removes it. */
export async function keepApiKey(secrets: vscode.SecretStorage, key: string): Promise<void> {
  await (key.trim() === "" ? secrets.delete(SECRET) : secrets.store(SECRET, key.trim()));
}
