import assert from "node:assert/strict";
import * as vscode from "vscode";
import { parsed } from "../../src/parsed.js";
import { CommandName, RunEventsReply, RunListReply } from "../../src/protocol.js";
import { command, ended, place, shown, until, type Behaviours } from "./prelude.js";

export const outputs: Behaviours = {
  "a failing test of another extension can be fixed, with what it says": async () => {
    const { document } = await shown(place("test_it.py"), "def test_it():\n    assert 41 == 42\n");
    const others = vscode.tests.createTestController("others", "Others");
    try {
      const file = others.createTestItem("f", "test_it.py", document.uri);
      const test = others.createTestItem("t", "test_it", document.uri);
      test.range = new vscode.Range(0, 0, 1, 19);
      others.items.add(file);
      file.children.add(test);
      const message = new vscode.TestMessage("assert ```41``` == 42");
      const whole = await begun({ test, message });
      assert.match(whole, /Fix the test `test_it\.py › test_it`/);
      assert.match(whole, /````\nassert ```41``` == 42\n````/);
      assert.doesNotMatch(await begun(test), /It says/);
    } finally {
      others.dispose();
    }
  },
};

/** The task that a command begins. */
async function begun(argument: unknown): Promise<string> {
  const before = await runIds();
  await vscode.commands.executeCommand("holdfast.ui.fixTest", argument);
  const runId = await until("the run", async () =>
    (await runIds()).find((each) => !before.includes(each)),
  );
  await ended(runId);
  const reply = parsed(RunEventsReply, await command(CommandName.runEvents, { runId }));
  return reply?.events[0]?.view.detail ?? "";
}

async function runIds(): Promise<string[]> {
  const runs = parsed(RunListReply, await command(CommandName.runList))?.runs ?? [];
  return runs.map(({ runId }) => runId);
}
