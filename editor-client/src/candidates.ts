/** Candidates of one step, side by side: each as a diff against the files as they are. */
import * as vscode from "vscode";
import { changesOf } from "./candidate_text.js";
import type { CandidateGroup } from "./protocol.js";
import type { Judged, Run } from "./run_log.js";

const SCHEME = "holdfast-candidate";

export interface Candidates {
  readonly dispose: () => void;
  /** Lets a person look at candidates; the number of the one to accept, from 1. */
  readonly choose: (run: Run, judged: Judged) => Promise<number | undefined>;
}

interface Item extends vscode.QuickPickItem {
  readonly number: number;
}

export function candidates(): Candidates {
  const texts = new Map<string, string>();
  const provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? "",
  });
  const show = async (run: Run, judged: Judged, number: number): Promise<void> => {
    texts.clear();
    const group = judged.groups[number - 1];
    for (const change of changesOf(group?.changes ?? "")) {
      const [before, text] = await original(change.path);
      const after = change.after(text);
      if (after !== undefined) {
        const name = { path: `/${run.runId}/${number}/${change.path}` };
        const uri = vscode.Uri.from({ scheme: SCHEME, ...name });
        texts.set(uri.toString(), after);
        const title = vscode.l10n.t("{0} ↔ candidate {1}", change.path, number);
        const options = { preserveFocus: true, preview: true };
        await vscode.commands.executeCommand("vscode.diff", before, uri, title, options);
      }
    }
  };
  return {
    choose: (run, judged) =>
      picked(run, judged, (number) => {
        void show(run, judged, number);
      }),
    dispose: () => {
      provider.dispose();
    },
  };
}

/** A list whose active row is shown as a diff beside it. */
function picked(
  run: Run,
  judged: Judged,
  show: (number: number) => void,
): Promise<number | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = vscode.l10n.t("Candidates: {0}", run.title);
  pick.placeholder =
    run.proposal === undefined
      ? judged.reason
      : vscode.l10n.t("Enter accepts the candidate that is shown");
  pick.items = judged.groups.map((group, place) => item(group, place + 1, place === judged.winner));
  pick.activeItems = pick.items.filter(({ number }) => number === judged.winner + 1);
  pick.ignoreFocusOut = true;
  return new Promise((resolve) => {
    pick.onDidChangeActive(([active]) => {
      if (active !== undefined) {
        show(active.number);
      }
    });
    pick.onDidAccept(() => {
      resolve(run.proposal === undefined ? undefined : pick.activeItems[0]?.number);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

function item(group: CandidateGroup, number: number, wins: boolean): Item {
  const { scores } = group;
  const total =
    scores == null
      ? ""
      : vscode.l10n.t(
          "{0} of 40 points",
          scores.correctness + scores.groundedness + scores.progress + scores.safety,
        );
  const samples = group.size > 1 ? vscode.l10n.t("{0} samples agree", group.size) : "";
  return {
    number,
    label: `${wins ? "$(star-full)" : "$(blank)"} ${number}. ${group.title}`,
    description: [wins ? vscode.l10n.t("recommended") : "", total, samples]
      .filter((part) => part !== "")
      .join(" · "),
    detail: [group.problem, group.text, ...group.notes]
      .map((part) => part.split(/\s+/).join(" ").trim())
      .filter((part) => part !== "")
      .join(" · "),
  };
}

/** The file as it is, unsaved changes included; an empty one where there is none yet. */
async function original(path: string): Promise<[vscode.Uri, string]> {
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    const uri = vscode.Uri.joinPath(folder.uri, path);
    try {
      return [uri, (await vscode.workspace.openTextDocument(uri)).getText()];
    } catch {
      // Not in this folder.
    }
  }
  return [vscode.Uri.from({ scheme: SCHEME, path: `/nothing/${path}` }), ""];
}
