import assert from "node:assert/strict";
import * as vscode from "vscode";
import { parsed } from "../../src/parsed.js";
import { CommandName, Status } from "../../src/protocol.js";
import { begun, command, ended, extension, until, type Behaviours } from "./prelude.js";

export const activation: Behaviours = {
  "it is active once the window is there, and its server runs": async () => {
    await until("the extension", () => extension().isActive || undefined);
    await until("the server", async () =>
      (await vscode.commands.getCommands(true)).includes(CommandName.status) ? true : undefined,
    );
    assert.equal(parsed(Status, await command(CommandName.status))?.state, "idle");
  },

  "each command of the manifest and of the server is registered": async () => {
    const manifest = extension().packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const known = await vscode.commands.getCommands(true);
    const expected = [
      ...manifest.contributes.commands.map((each) => each.command),
      ...Object.values(CommandName),
    ];
    assert.deepEqual(
      expected.filter((name) => !known.includes(name)),
      [],
    );
  },

  "a workspace chooses neither the endpoint nor what is allowed, but how warm the model is":
    async () => {
      const chosen = vscode.workspace.getConfiguration("holdfast");
      assert.equal(chosen.inspect("model.base_url")?.workspaceValue, undefined);
      assert.equal(chosen.inspect("model.temperature")?.workspaceValue, 0.3);
      const status = parsed(Status, await command(CommandName.status));
      assert.match(status?.endpoint ?? "", /127\.0\.0\.1/);
      assert.equal((await ended(await begun({ prompt: "Say hello." }))).state, "finished");
    },
};
