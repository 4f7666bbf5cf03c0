import assert from "node:assert/strict";
import * as vscode from "vscode";
import { place, shown, until, type Behaviours } from "./prelude.js";

const diffOf = (name: string): string =>
  `--- a/${name}\n+++ b/${name}\n@@ -1 +1 @@\n-answer = 41\n+answer = 42\n`;

const ROWS: readonly { what: string; name: string; text: string; detail: string; diff: boolean }[] =
  [
    {
      what: "a change",
      name: "fits 🙂.py",
      text: "answer = 41\n",
      detail: diffOf("fits 🙂.py"),
      diff: true,
    },
    {
      what: "a change that does not fit any more",
      name: "moved 🙂.py",
      text: "x = 1\n",
      detail: diffOf("moved 🙂.py"),
      diff: false,
    },
    { what: "a script", name: "script", text: "", detail: "make\nmake install\n", diff: false },
  ];

export const diffs: Behaviours = Object.fromEntries(
  ROWS.map(({ what, name, text, detail, diff }) => [
    `${what} that a question is about is shown ${diff ? "as a diff" : "as it is"}`,
    async () => {
      await shown(place(name), text);
      await vscode.commands.executeCommand("holdfast.ui.preview", {
        run: { title: "Why", questions: [] },
        entry: { id: "q", detail },
      });
      const input = await until("the tab", () => {
        const opened = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
        return opened instanceof vscode.TabInputTextDiff || opened instanceof vscode.TabInputText
          ? opened
          : undefined;
      });
      assert.equal(input instanceof vscode.TabInputTextDiff, diff);
      const uri = input instanceof vscode.TabInputTextDiff ? input.modified : input.uri;
      const document = await vscode.workspace.openTextDocument(uri);
      assert.equal(document.getText(), diff ? "answer = 42\n" : detail);
    },
  ]),
);
