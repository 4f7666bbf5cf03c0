/** A text of the model's as it grows: what is whole is drawn once, the rest anew with each frame. */
import { firstChunk, rest } from "./chunks.js";
import { html } from "./markdown.js";
import { button, h } from "./dom.js";
import { post, word } from "./extension.js";

export interface StreamedText {
  readonly element: HTMLElement;
  readonly set: (text: string, streams: boolean) => void;
  readonly grow: (more: string) => void;
  readonly text: () => string;
}

/** A frame spends so long on drawing texts, so that scrolling and typing stay fluent. */
const FRAME_MILLISECONDS = 8;
/** More than the longest chunk has. */
const AHEAD_CHARS = 40_000;

/** Draws a part of a text; whether there is more to draw. */
type Drawing = () => boolean;

const waiting = new Set<Drawing>();
let isAsked = false;

function draw(): void {
  isAsked = false;
  const end = performance.now() + FRAME_MILLISECONDS;
  for (const drawing of waiting) {
    while (performance.now() < end) {
      if (!drawing()) {
        waiting.delete(drawing);
        break;
      }
    }
  }
  ask();
  window.dispatchEvent(new Event("drawn"));
}

function ask(): void {
  if (!isAsked && waiting.size > 0) {
    isAsked = true;
    requestAnimationFrame(draw);
  }
}

export function streamedText(): StreamedText {
  const element = h("div", { class: "markdown" });
  const tail = h("div", { class: "chunk tail" });
  element.append(tail);
  let text = "";
  let drawn = 0;
  let fence = "";
  const drawing: Drawing = () => {
    const first = firstChunk(text.slice(drawn, drawn + AHEAD_CHARS), fence);
    if (first !== undefined) {
      tail.before(chunk(first.source));
      drawn += first.length;
      ({ fence } = first);
      return true;
    }
    fill(tail, rest(text.slice(drawn), fence));
    return false;
  };
  const later = (): void => {
    waiting.add(drawing);
    ask();
  };
  return {
    element,
    text: () => text,
    set: (whole, streams) => {
      if (!whole.startsWith(text)) {
        element.replaceChildren(tail);
        [drawn, fence] = [0, ""];
      }
      text = whole;
      element.classList.toggle("streams", streams);
      later();
    },
    grow: (more) => {
      text += more;
      later();
    },
  };
}

function chunk(source: string): HTMLElement {
  const element = h("div", { class: "chunk" });
  fill(element, source);
  return element;
}

/** Every text of the Markdown is escaped, and the page runs no script but its own. */
function fill(element: HTMLElement, source: string): void {
  element.innerHTML = html(source);
  for (const acts of element.querySelectorAll(".code-acts")) {
    const code = acts.closest(".code")?.querySelector("code");
    acts.append(
      button(word("copy"), () => void navigator.clipboard.writeText(code?.textContent ?? "")),
      button(word("insert"), () => {
        post({ type: "insert", text: code?.textContent ?? "" });
      }),
    );
  }
}
