import assert from "node:assert/strict";
import * as vscode from "vscode";
import { parsed } from "../../src/parsed.js";
import { CommandName, RunListReply, type RunEntry } from "../../src/protocol.js";
import { command, ended, place, shown, until, type Behaviours } from "./prelude.js";

export const actions: Behaviours = {
  "a selection can be worked on, proposed for, made a goal and explained": async () => {
    const editor = await shown(place("selected.py"), "# 🙂\nanswer = 41\n");
    const offered = await offer(editor.document.uri, new vscode.Range(0, 0, 1, 11));
    for (const title of [
      "Work on this…",
      "Work on this with Max Mode…",
      "Propose several changes and compare",
      "Use as goal",
      "Explain this",
    ]) {
      assert.ok(
        offered.some((action) => action.title === `Holdfast: ${title}`),
        title,
      );
    }
    assert.equal((await carriedOut(offered, "Explain this")).state, "finished");
  },

  "what another extension found can be fixed, and is read by the agent": async () => {
    const editor = await shown(place("found.py"), 'x = "🙂漢字"; y = z\n');
    const at = editor.document.positionAt(editor.document.getText().indexOf("z"));
    const range = new vscode.Range(at, at.translate(0, 1));
    const others = vscode.languages.createDiagnosticCollection("others");
    try {
      const found = new vscode.Diagnostic(range, "z is nowhere", vscode.DiagnosticSeverity.Error);
      found.source = "others";
      others.set(editor.document.uri, [found]);
      const offered = await offer(editor.document.uri, range);
      const fix = offered.find(({ title }) => title === "Fix with Holdfast: z is nowhere");
      assert.equal(fix?.kind?.value, "quickfix");
      assert.equal(fix.isPreferred ?? false, false, "nothing acts because all is fixed at once");
      const run = await carriedOut(offered, "Fix with Holdfast: z is nowhere");
      assert.equal(run.state, "finished");
    } finally {
      others.dispose();
    }
  },
};

async function offer(uri: vscode.Uri, range: vscode.Range): Promise<vscode.CodeAction[]> {
  return vscode.commands.executeCommand("vscode.executeCodeActionProvider", uri, range);
}

/** The run that an action starts, when it has ended. */
async function carriedOut(offered: vscode.CodeAction[], title: string): Promise<RunEntry> {
  const action = offered.find((each) => each.title.endsWith(title));
  assert.ok(action?.command, title);
  const before = await runIds();
  const given = (action.command.arguments ?? []) as unknown[];
  await vscode.commands.executeCommand(action.command.command, ...given);
  const begun = async (): Promise<string | undefined> =>
    (await runIds()).find((each) => !before.includes(each));
  return ended(await until("the run", begun));
}

async function runIds(): Promise<string[]> {
  const runs = parsed(RunListReply, await command(CommandName.runList))?.runs ?? [];
  return runs.map(({ runId }) => runId);
}
