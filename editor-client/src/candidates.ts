/** Candidates of one step, side by side: each as a diff against the files as they are. */
import * as vscode from "vscode";
import type { Diffs } from "./diffs.js";
import type { CandidateGroup } from "./protocol.js";
import type { Judged } from "./event_shapes.js";
import type { Run } from "./run_log.js";

export interface Candidates {
  /** Lets a person look at candidates; the number of the one to accept, from 1. */
  readonly choose: (run: Run, judged: Judged) => Promise<number | undefined>;
}

interface Item extends vscode.QuickPickItem {
  readonly number: number;
}

export function candidates(diffs: Diffs): Candidates {
  return {
    choose: (run, judged) =>
      picked(run, judged, (number) => {
        const changes = judged.groups[number - 1]?.changes ?? "";
        void diffs.show(changes, vscode.l10n.t("candidate {0}", number));
      }),
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
  let shown = 0;
  const follow = ([active]: readonly Item[]): void => {
    if (active !== undefined && active.number !== shown) {
      shown = active.number;
      show(shown);
    }
  };
  // The first row becomes active without an event.
  follow(pick.activeItems);
  return new Promise((resolve) => {
    pick.onDidChangeActive(follow);
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
