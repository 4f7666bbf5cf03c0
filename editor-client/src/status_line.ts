/** What the status bar says, as text; `status.ts` puts it there. */
import type { Status } from "./protocol.js";

const ICONS: Readonly<Record<Status["state"], string>> = {
  idle: "$(target)",
  indexing: "$(loading~spin)",
  running: "$(loading~spin)",
  waiting: "$(bell-dot)",
  error: "$(error)",
};

/** The server's line behind an icon; the name alone when there is nothing to say. */
export function statusLine({
  state,
  line,
  outcome,
}: Pick<Status, "state" | "line" | "outcome">): string {
  const icon = state === "idle" && outcome === "blocked" ? "$(question)" : ICONS[state];
  return `${icon} ${line === "" ? "Holdfast" : line}`;
}
