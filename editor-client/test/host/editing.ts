import assert from "node:assert/strict";
import * as vscode from "vscode";
import { CommandName, type RunEntry } from "../../src/protocol.js";
import { begun, command, ended, exists, place, shown, until, type Behaviours } from "./prelude.js";

const TEXT = '# 🙂 漢字\nTITLE = "🙂漢字🙂"; answer = 41  # 🙂\nEND = 1\n';
const KEYS_MILLISECONDS = 20;

export const editing: Behaviours = {
  "an edit lands behind emoji in a buffer that is typed into, and is taken back alone":
    async () => {
      const editor = await shown(place("typed.py"), TEXT);
      await typed(editor, new vscode.Position(0, 0), "# unsaved 🙂\n");
      const runId = await begun({ prompt: "Let typed.py say 42." });
      await until("the agent to have read it", () => exists(place("has-read")));
      // Typing goes on below while the agent edits above.
      const over: RunEntry[] = [];
      const end = ended(runId).then((run) => over.push(run));
      let keys = "";
      await vscode.workspace.fs.writeFile(place("goes-on"), new Uint8Array());
      while (over.length === 0) {
        const last = editor.document.lineAt(editor.document.lineCount - 1).range.end;
        await typed(editor, last, "漢");
        keys += "漢";
        await new Promise((resolve) => setTimeout(resolve, KEYS_MILLISECONDS));
      }
      await end;
      assert.equal(over[0]?.state, "finished");
      assert.equal(editor.document.getText(), `# unsaved 🙂\n${TEXT.replace("41", "42")}${keys}`);

      await command(CommandName.runUndo, { runId });
      await until("the undo", () => editor.document.getText().includes("41") || undefined);
      assert.equal(editor.document.getText(), `# unsaved 🙂\n${TEXT}${keys}`);
    },

  "a file is edited whatever its folder is called": async () => {
    const uri = place("a b#c 100% ä漢🙂", "d;e+f&g=h.py");
    await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(uri, ".."));
    const editor = await shown(uri, "answer = 41\n");
    const run = await ended(await begun({ prompt: "Let it say 42.", uri: uri.toString() }));
    assert.equal(run.state, "finished");
    await until("the edit", () => editor.document.getText().includes("42") || undefined);
    assert.equal(
      vscode.workspace.textDocuments.filter((each) => each.uri.path === uri.path).length,
      1,
    );
  },
};

/** Inserts as keys do, again when the text moved meanwhile. */
async function typed(
  editor: vscode.TextEditor,
  where: vscode.Position,
  text: string,
): Promise<void> {
  await until("the keys", async () =>
    (await editor.edit((builder) => {
      builder.insert(where, text);
    }))
      ? true
      : undefined,
  );
}
