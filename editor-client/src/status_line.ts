/** What the status bar says, as text; `status.ts` puts it there. */
import type { Status } from "./protocol.js";

export interface StatusLine {
  readonly text: string;
  /** Whether a person is waited for. */
  readonly attention: boolean;
}

const ICONS: Readonly<Record<Status["state"], string>> = {
  idle: "$(target)",
  indexing: "$(loading~spin)",
  running: "$(loading~spin)",
  waiting: "$(bell-dot)",
  error: "$(error)",
};

/** Its words, in the language of the editor. */
export interface Words {
  readonly goals: (met: number, total: number) => string;
  readonly waiting: () => string;
  readonly step: (step: number) => string;
  readonly indexing: () => string;
}

/** As in `2/5 goals · step 14 · $0.03`; the name alone when there is nothing to say. */
export function statusLine(status: Status, words: Words): StatusLine {
  const { met, total } = status.goals;
  const active = status.state === "running" || status.state === "waiting";
  const parts = [
    total > 0 ? words.goals(met, total) : "",
    status.state === "waiting" ? words.waiting() : "",
    active && status.step !== undefined ? words.step(status.step) : "",
    active && status.costUsd !== undefined ? `$${status.costUsd.toFixed(2)}` : "",
    status.state === "indexing" ? words.indexing() : "",
  ].filter((part) => part !== "");
  return {
    text: `${ICONS[status.state]} ${parts.join(" · ") || "Holdfast"}`,
    attention: status.state === "waiting",
  };
}
