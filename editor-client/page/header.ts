/** What stands above a conversation: title, state, time, step, cost, tokens, share of context. */
import type { Heading } from "../src/conversation_shape.js";
import { button, h, mark } from "./dom.js";
import { word } from "./extension.js";
import { RUN_STATES } from "./states.js";

export interface Header {
  readonly element: HTMLElement;
  readonly set: (heading: Heading | undefined) => void;
}

const SECOND = 1000;

export function header(acts: { readonly fresh: () => void; readonly past: () => void }): Header {
  let heading: Heading | undefined;
  const title = h("h1", {});
  const facts = h("div", { class: "facts" });
  const elapsed = h("span", { class: "elapsed" });
  const element = h(
    "header",
    {},
    h(
      "div",
      { class: "top" },
      title,
      button("+", acts.fresh, { "aria-label": word("fresh"), title: word("fresh"), id: "fresh" }),
      button("≡", acts.past, { "aria-label": word("past"), title: word("past"), id: "past" }),
    ),
    facts,
  );
  const tick = (): void => {
    elapsed.textContent = heading === undefined ? "" : duration(heading, Date.now());
  };
  setInterval(tick, SECOND);
  return {
    element,
    set: (given) => {
      heading = given;
      title.textContent = given?.title ?? word("fresh");
      facts.replaceChildren(...(given === undefined ? [] : factsOf(given, elapsed)));
      tick();
    },
  };
}

function factsOf(heading: Heading, elapsed: HTMLElement): HTMLElement[] {
  const { state, step, costUsd, tokensIn, tokensOut, promptTokens, budgetTokens } = heading;
  const { sign, word: name, tone } = RUN_STATES[state];
  const fact = (text: string, title = ""): HTMLElement => h("span", { title }, text);
  const share = Math.round((100 * promptTokens) / budgetTokens);
  return [
    h("span", { class: `state ${tone}`, id: "state" }, mark(sign, tone), word(name)),
    elapsed,
    ...(step > 0 ? [fact(word("step", step))] : []),
    ...(costUsd > 0 ? [fact(`$${costUsd.toFixed(costUsd < 1 ? 3 : 2)}`)] : []),
    ...(tokensIn > 0 ? [fact(word("tokens", short(tokensIn + tokensOut)), spent(heading))] : []),
    ...(budgetTokens > 0 && promptTokens > 0
      ? [
          fact(
            word("context", share),
            word(
              "contextDetail",
              promptTokens.toLocaleString(),
              budgetTokens.toLocaleString(),
              heading.cycle,
            ),
          ),
        ]
      : []),
    ...(heading.model === ""
      ? []
      : [
          h("span", { class: "model", title: heading.model }, heading.model.split(" at ")[0] ?? ""),
        ]),
  ];
}

function spent({ tokensIn, tokensCached, tokensOut, cacheHitRate }: Heading): string {
  const all = word(
    "tokensDetail",
    tokensIn.toLocaleString(),
    tokensCached.toLocaleString(),
    tokensOut.toLocaleString(),
  );
  return cacheHitRate === undefined
    ? all
    : `${all}\n${word("lastCached", Math.round(100 * cacheHitRate))}`;
}

/** As in `12k`. */
function short(count: number): string {
  return count < 1000 ? String(count) : `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`;
}

function duration({ startedAt, endedAt }: Heading, now: number): string {
  const end = endedAt === "" ? now : Date.parse(endedAt);
  const seconds = Math.max(0, Math.round((end - Date.parse(startedAt)) / SECOND));
  const minutes = Math.floor(seconds / 60);
  return minutes === 0
    ? `${seconds} s`
    : `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
}
