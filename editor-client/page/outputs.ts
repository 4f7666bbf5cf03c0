/** Outputs and changes, as they are: text in a fixed width. */
import { h } from "./dom.js";

const LINES_SHOWN = 6;
const CHARS_SHOWN = 600;

/** The beginning of an output. */
export function firstLines(output: string): string {
  const lines = output.trim().split("\n");
  const more = lines.length > LINES_SHOWN ? "\n…" : "";
  return `${lines.slice(0, LINES_SHOWN).join("\n").slice(0, CHARS_SHOWN)}${more}`;
}

/** All of an output, as far as it was kept. */
export function long(text: string): HTMLElement {
  return h("pre", { class: "output", tabindex: "0" }, text);
}

/** Changed lines; each has its sign, so that colours say nothing alone. */
export function diff(text: string): HTMLElement {
  const all = text.split("\n");
  // Of several files, each begins with its two names, and a stretch of it behind them.
  const isHead = (at: number): boolean =>
    all[at]?.startsWith("--- ") === true &&
    all[at + 1]?.startsWith("+++ ") === true &&
    all[at + 2]?.startsWith("@@ ") === true;
  const lines = all.map((line, at) => {
    const isNamed = isHead(at) || (at > 0 && isHead(at - 1));
    const name = line.startsWith("+") ? "added" : line.startsWith("-") ? "taken" : "";
    return h("span", { class: isNamed ? "file" : name }, `${line}\n`);
  });
  return h("pre", { class: "diff", tabindex: "0" }, ...lines);
}
