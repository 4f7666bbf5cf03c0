import assert from "node:assert/strict";
import * as vscode from "vscode";
import { parsed } from "../../src/parsed.js";
import { CommandName, Status } from "../../src/protocol.js";
import { command, ours, place, shown, until, type Behaviours } from "./prelude.js";

export const documents: Behaviours = {
  "what is not shown to hold is marked where it stands, behind emoji too": async () => {
    const text = "## 🙂\n- [ ] 🙂 漢字 it holds\n  - check: `false`\n";
    const goals = await shown(place(".holdfast", "goals.md"), text);
    const code = await shown(place("marked.py"), 'x = "🙂漢字"  # GOAL: it is fast 🙂\n');
    await command(CommandName.goalCheck, { all: true });
    const marked = (document: vscode.TextDocument): Promise<string> =>
      until(`a problem in ${document.uri.path}`, () => {
        const [found] = ours(document.uri);
        return found && document.getText(found.range);
      });
    assert.equal(await marked(goals.document), "🙂 漢字 it holds");
    assert.equal(await marked(code.document), "GOAL: it is fast 🙂");
  },

  "text without a file, and documents of others, are left alone": async () => {
    const provider = vscode.workspace.registerTextDocumentContentProvider("elsewhere", {
      provideTextDocumentContent: () => "GOAL: nothing 🙂\n",
    });
    try {
      const untitled = await vscode.workspace.openTextDocument({ content: "# GOAL: nothing 🙂\n" });
      const foreign = await vscode.workspace.openTextDocument(vscode.Uri.parse("elsewhere:/a.py"));
      for (const document of [untitled, foreign]) {
        const editor = await vscode.window.showTextDocument(document);
        const range = new vscode.Range(0, 0, 0, 6);
        const offered = await vscode.commands.executeCommand<vscode.CodeAction[]>(
          "vscode.executeCodeActionProvider",
          document.uri,
          range,
        );
        assert.deepEqual(
          offered.filter(({ title }) => title.startsWith("Holdfast")),
          [],
        );
        assert.deepEqual(ours(editor.document.uri), []);
      }
      assert.equal(parsed(Status, await command(CommandName.status))?.state, "idle");
    } finally {
      provider.dispose();
    }
  },
};
