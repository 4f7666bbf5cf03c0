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
  const lines = text.split("\n").map((line) => {
    const name = line.startsWith("+") ? "added" : line.startsWith("-") ? "taken" : "";
    return h("span", { class: name }, `${line}\n`);
  });
  return h("pre", { class: "diff", tabindex: "0" }, ...lines);
}
