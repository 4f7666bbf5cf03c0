/** How it stands with the extensions that a person or the project brings: what the view shows. */
import type { ExtensionEntry } from "./protocol.js";

/** The extensions of one kind, which is a row of its own. */
export interface KindNode {
  readonly kind: string;
  readonly entries: readonly ExtensionEntry[];
}

/** What a person should know of one first. */
export type Standing =
  "waiting" | "refused" | "failed" | "connecting" | "closed" | "connected" | "ready";

/** Those that a person looks for most first; what a newer server has stands behind them. */
const KINDS = ["server", "skill", "command", "agent", "hook"];

export function byKind(entries: readonly ExtensionEntry[]): KindNode[] {
  const kinds = [...new Set([...KINDS, ...entries.map(({ kind }) => kind)])];
  return kinds
    .map((kind) => ({ kind, entries: entries.filter((entry) => entry.kind === kind) }))
    .filter((node) => node.entries.length > 0);
}

/** Whether nobody was asked yet about the text that the project brings. */
export function waits({ trust, trustId }: ExtensionEntry): boolean {
  return trustId !== "" && (trust === "new" || trust === "changed");
}

export function standing(entry: ExtensionEntry): Standing {
  if (waits(entry)) {
    return "waiting";
  }
  if (entry.trust === "refused") {
    return "refused";
  }
  if (entry.problem !== "" || entry.state === "failed") {
    return "failed";
  }
  switch (entry.state) {
    case "connecting":
    case "closed":
      return entry.state;
    case "open":
      return "connected";
    default:
      return "ready";
  }
}
