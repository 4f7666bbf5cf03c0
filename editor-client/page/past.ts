/** The list of past conversations, by day, with a search. */
import type { PastRun } from "../src/conversation_shape.js";
import { button, h, mark } from "./dom.js";
import { post, word } from "./extension.js";
import { RUN_STATES } from "./states.js";

export interface Past {
  readonly element: HTMLElement;
  readonly set: (runs: readonly PastRun[]) => void;
  readonly open: () => void;
}

export function past(close: () => void): Past {
  let runs: readonly PastRun[] = [];
  const search = h("input", {
    type: "search",
    "aria-label": word("search"),
    placeholder: word("search"),
    input: draw,
  });
  const rows = h("div", { class: "rows" });
  const element = h(
    "section",
    { class: "past", "aria-label": word("past") },
    h("div", { class: "past-head" }, button(word("back"), close, { class: "second" }), search),
    rows,
  );

  function draw(): void {
    const words = search.value.toLowerCase().split(/\s+/);
    const found = runs.filter(({ title }) =>
      words.every((each) => title.toLowerCase().includes(each)),
    );
    const days = byDay(found);
    rows.replaceChildren(
      ...[...days].flatMap(([day, group]) => [
        h("h2", {}, day),
        h("ul", { class: "lines" }, ...group.map(row)),
      ]),
    );
    if (found.length === 0) {
      const why = word(runs.length === 0 ? "noPast" : "noneFound");
      rows.replaceChildren(h("p", { class: "quiet" }, why));
    }
  }

  function row({ runId, title, state, startedAt }: PastRun): HTMLElement {
    const { sign, word: name, tone } = RUN_STATES[state];
    const time = new Date(startedAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const line = h(
      "button",
      {
        type: "button",
        class: "row",
        click: () => {
          close();
          post({ type: "show", runId });
        },
      },
      mark(sign, tone),
      h(
        "span",
        { class: "what" },
        h("span", { class: "title" }, title),
        h("span", { class: "quiet" }, `${word(name)} · ${time}`),
      ),
    );
    const acts = [
      button(
        "✎",
        () => {
          rename(item, runId, title);
        },
        { "aria-label": word("rename", title), title: word("renameIt") },
      ),
      button(
        "×",
        () => {
          post({ type: "delete", runId });
        },
        { "aria-label": word("delete", title), title: word("deleteIt") },
      ),
    ];
    const item = h("li", { class: "past-row" }, line, ...acts);
    return item;
  }

  return {
    element,
    set: (given) => {
      runs = given;
      draw();
    },
    open: () => {
      post({ type: "past" });
      search.value = "";
      draw();
      search.focus();
    },
  };
}

/** Lets a person write another title in place of the row. */
function rename(item: HTMLElement, runId: string, title: string): void {
  const field = h("input", { type: "text", "aria-label": word("rename", title) });
  const before = [...item.childNodes];
  field.value = title;
  field.addEventListener("keydown", (event) => {
    const { key } = event;
    if (key === "Enter") {
      post({ type: "rename", runId, title: field.value.trim() });
    }
    if (key === "Enter" || key === "Escape") {
      // Else the key would press the button that gets the focus.
      event.preventDefault();
      item.replaceChildren(...before);
      item.querySelector("button")?.focus();
    }
  });
  item.replaceChildren(field);
  field.select();
  field.focus();
}

/** Runs under the names of their days, in their order. */
function byDay(runs: readonly PastRun[]): ReadonlyMap<string, readonly PastRun[]> {
  const days = new Map<string, PastRun[]>();
  for (const run of runs) {
    const day = dayOf(new Date(run.startedAt), new Date());
    days.set(day, [...(days.get(day) ?? []), run]);
  }
  return days;
}

/** The name of a day, as a person says it. */
export function dayOf(date: Date, now: Date): string {
  const days = (at: Date): number =>
    Math.floor((at.getTime() - at.getTimezoneOffset() * 60_000) / 86_400_000);
  const ago = days(now) - days(date);
  return ago === 0
    ? word("today")
    : ago === 1
      ? word("yesterday")
      : date.toLocaleDateString([], { year: "numeric", month: "long", day: "numeric" });
}
