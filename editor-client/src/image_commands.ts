/** The commands that hand images to the agent. */
import * as vscode from "vscode";
import { askForText, currentSelection } from "./input.js";
import { CommandName } from "./protocol.js";
import type { Server } from "./server.js";

/** From the explorer come the image that was clicked and all that are selected. */
export type ImageHandler = (clicked?: vscode.Uri, selected?: readonly vscode.Uri[]) => unknown;

export function imageCommands(server: Server): Record<string, ImageHandler> {
  return {
    workWithImage: async (clicked, selected) => {
      const images = clicked === undefined ? await askForImages() : (selected ?? [clicked]);
      const [first] = images;
      const prompt = first && (await askForText(vscode.l10n.t("What should be done with it?")));
      if (prompt !== undefined) {
        const argument = { prompt, images: images.map(String), ...folderOf(first) };
        await server.begin(CommandName.runStart, argument);
      }
    },
  };
}

async function askForImages(): Promise<readonly vscode.Uri[]> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t("Which images should the model see?"),
    canSelectMany: true,
    filters: { [vscode.l10n.t("Images")]: ["png", "jpg", "jpeg", "gif", "webp"] },
  });
  return chosen ?? [];
}

/** An image of the project says in which of several folders the run works. */
function folderOf(image?: vscode.Uri): { uri?: string } {
  return image === undefined || vscode.workspace.getWorkspaceFolder(image) === undefined
    ? currentSelection()
    : { uri: image.toString() };
}
