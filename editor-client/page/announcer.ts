/** Says to screen readers what came, once it is whole: what streams would be read in pieces. */
import type { Block } from "../src/conversation_shape.js";
import { labelOf } from "./blocks.js";
import { h } from "./dom.js";

export interface Announcer {
  readonly element: HTMLElement;
  readonly block: (block: Block) => void;
}

const SAID_CHARS_MAX = 500;

export function announcer(): Announcer {
  const calm = h("div", { role: "status", "aria-live": "polite" });
  const urgent = h("div", { role: "alert", "aria-live": "assertive" });
  return {
    element: h("div", { class: "hidden" }, calm, urgent),
    block: (block) => {
      const asks = block.kind === "question" && block.answered === "";
      (asks ? urgent : calm).textContent = spoken(block);
    },
  };
}

function spoken(block: Block): string {
  const isText = block.kind === "text" || block.kind === "person" || block.kind === "end";
  const text = block.kind === "end" ? block.detail : "text" in block ? block.text : "";
  return isText ? `${labelOf(block)}: ${text.slice(0, SAID_CHARS_MAX)}` : labelOf(block);
}
