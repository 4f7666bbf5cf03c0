/** The commands about what went wrong elsewhere in the editor: a failing test, an output in the terminal. */
import * as vscode from "vscode";
import { wireRange } from "./input.js";
import { CommandName } from "./protocol.js";
import type { Server } from "./server.js";

/** As much of a message or an output is sent; its end says most. */
const OUTPUT_CHARS_MAX = 20_000;

/** What VS Code passes of a failing test, which may be another extension's. */
interface TestPlace {
  readonly id: string;
  readonly label: string;
  readonly uri?: vscode.Uri;
  readonly range?: vscode.Range;
  readonly parent?: TestPlace;
}

/** What VS Code passes of one message of a failing test. */
interface MessagePlace {
  readonly test: TestPlace;
  readonly message: vscode.TestMessage;
}

export function outputCommands(server: Server): Record<string, (place?: never) => unknown> {
  const start = (argument: object): Promise<unknown> =>
    server.begin(CommandName.runStart, argument);
  const aboutOutput = (task: string, mode: "build" | "plan") => async (): Promise<void> => {
    const output = (await selectedInTerminal())?.trim() ?? "";
    if (output === "") {
      const text = vscode.l10n.t("Holdfast: select in the terminal what it is about");
      void vscode.window.showInformationMessage(text);
      return;
    }
    await start({ prompt: `${task}\n\n${fenced(output)}`, mode });
  };
  return {
    fixTest: async (place?: TestPlace | MessagePlace) => {
      if (place !== undefined) {
        await start(testTask(place));
      }
    },
    fixOutput: aboutOutput(
      "Fix what the terminal shows\n\nA command printed this. Find out why, and fix what is wrong in the project.",
      "build",
    ),
    explainOutput: aboutOutput(
      "Explain what the terminal shows\n\nA command printed this. Say what it means, why it came, and what to do.",
      "plan",
    ),
  };
}

function testTask(place: TestPlace | MessagePlace): object {
  const { test, said } =
    "test" in place ? { test: place.test, said: textOf(place) } : { test: place, said: "" };
  const { uri, range } = test;
  const name = nameOf(test);
  const output = said === "" ? "" : ` It says:\n\n${fenced(said)}`;
  const inside = uri?.scheme === "file" && vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  return {
    prompt: `Fix the test ${name}\n\nIt fails. Run it, find out why, and fix the cause; change the test only if it is what is wrong.${output}`,
    ...(inside ? { uri: uri.toString() } : {}),
    ...(inside && range !== undefined ? { range: wireRange(range) } : {}),
  };
}

/** As people call it: the names around it, then its own. */
function nameOf(test: TestPlace): string {
  const names: string[] = [];
  for (let each: TestPlace | undefined = test; each !== undefined; each = each.parent) {
    names.unshift(each.label);
  }
  return `\`${names.join(" › ").replaceAll("`", "'")}\``;
}

function textOf({ message }: MessagePlace): string {
  const text = typeof message.message === "string" ? message.message : message.message.value;
  const { expectedOutput, actualOutput } = message;
  const parts = [
    text,
    ...(expectedOutput === undefined ? [] : [`expected: ${expectedOutput}`]),
    ...(actualOutput === undefined ? [] : [`actual: ${actualOutput}`]),
  ];
  return parts.join("\n").trim();
}

/** A block that nothing in it can close. */
function fenced(text: string): string {
  const shown = text.length > OUTPUT_CHARS_MAX ? `…${text.slice(-OUTPUT_CHARS_MAX)}` : text;
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${shown}\n${fence}`;
}

/** VS Code gives the selection of a terminal to the clipboard alone; what was there comes back. */
async function selectedInTerminal(): Promise<string | undefined> {
  if (vscode.window.activeTerminal === undefined) {
    return undefined;
  }
  const before = await vscode.env.clipboard.readText();
  await vscode.env.clipboard.writeText("");
  try {
    await vscode.commands.executeCommand("workbench.action.terminal.copySelection");
    return await vscode.env.clipboard.readText();
  } finally {
    await vscode.env.clipboard.writeText(before);
  }
}
