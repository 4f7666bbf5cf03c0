/** Completes `@` with files and symbols, and `/` with custom commands, in a list above the text. */
import type { Completion } from "../src/conversation_shape.js";
import { h } from "./dom.js";
import { post, word } from "./extension.js";
import { unfinished } from "./unfinished.js";

export interface Completions {
  readonly element: HTMLElement;
  /** Looks whether there is something to complete before the caret. */
  readonly look: () => void;
  readonly show: (number: number, items: readonly Completion[]) => void;
  /** Whether a key was meant for the list. */
  readonly key: (event: KeyboardEvent) => boolean;
}

export function completions(field: HTMLTextAreaElement): Completions {
  const element = h("ul", {
    class: "completions",
    id: "completions",
    role: "listbox",
    "aria-label": word("completions"),
    hidden: true,
  });
  let items: readonly Completion[] = [];
  let active = 0;
  let asked = 0;
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "completions");

  const before = (): string => field.value.slice(0, field.selectionStart);

  function draw(): void {
    element.hidden = items.length === 0;
    element.replaceChildren(
      ...items.map(({ label, detail }, at) =>
        h(
          "li",
          {
            id: `completion-${at}`,
            role: "option",
            "aria-selected": String(at === active),
            mousedown: (event) => {
              event.preventDefault();
              take(at);
            },
          },
          h("span", { class: "title" }, label),
          h("span", { class: "quiet" }, detail),
        ),
      ),
    );
    if (items.length === 0) {
      field.removeAttribute("aria-activedescendant");
    } else {
      field.setAttribute("aria-activedescendant", `completion-${active}`);
      element.children[active]?.scrollIntoView({ block: "nearest" });
    }
  }

  function close(): void {
    asked += 1;
    items = [];
    draw();
  }

  function take(at: number): void {
    const item = items[at];
    const word = unfinished(before());
    if (item === undefined || word === undefined) {
      return;
    }
    const end = field.selectionStart;
    field.setRangeText(`${item.insert} `, end - word.word.length - 1, end, "end");
    field.dispatchEvent(new Event("input"));
    close();
  }

  return {
    element,
    look: () => {
      const found = unfinished(before());
      if (found === undefined) {
        close();
        return;
      }
      asked += 1;
      post({ type: "complete", number: asked, ...found });
    },
    show: (number, given) => {
      // An older answer is not about what stands there now.
      if (number === asked) {
        items = given;
        active = 0;
        draw();
      }
    },
    key: (event) => {
      if (items.length === 0) {
        return false;
      }
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
          active = (active + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
          draw();
          break;
        case "Enter":
        case "Tab":
          take(active);
          break;
        case "Escape":
          close();
          break;
        default:
          return false;
      }
      event.preventDefault();
      return true;
    },
  };
}
