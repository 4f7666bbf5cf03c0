/** The cards that a person answers: a question of permission, and what a run asks at its end. */
import type { EndBlock, QuestionBlock } from "../src/conversation_shape.js";
import { button, folded, h, mark } from "./dom.js";
import { canReview, post, word } from "./extension.js";
import { diff } from "./outputs.js";
import { streamedText } from "./streamed_text.js";
import { RUN_STATES } from "./states.js";

type Answer = "once" | "run" | "always" | "everywhere" | "sandboxed" | "deny";

let messages = 0;

/** Messages are numbered, so that what was not taken can be told from what was. */
export function nextNumber(): number {
  messages += 1;
  return messages;
}

export function questionCard(block: QuestionBlock): Node[] {
  const { summary, detail, answered } = block;
  const isOpen = answered === "";
  const body = detail.includes("\n") || detail !== summary ? [diff(detail)] : [];
  const title = h(
    "span",
    { class: "line" },
    mark(isOpen ? "?" : block.tone === "bad" ? "✗" : "✓", block.tone),
    h("span", { class: "title" }, summary),
    h("span", { class: "quiet" }, isOpen ? word("asksPermission") : answered),
  );
  return [folded(title, isOpen, ...body), ...(isOpen ? [answers(block)] : [])];
}

function answers(block: QuestionBlock): HTMLElement {
  const { questionId, runRule, projectRule, everywhereRule, offersSandbox } = block;
  const say = (answer: Answer, reason = "", rule = ""): void => {
    group.setAttribute("aria-busy", "true");
    post({ type: "answer", questionId, answer, reason, rule });
  };
  const choice = (answer: Answer, text: string, name = "second"): HTMLElement =>
    button(
      text,
      () => {
        say(answer);
      },
      { class: name },
    );
  /** A wider yes, with the rule that it keeps, which the person may change. */
  const wider = (answer: Answer, text: string, rule: string): HTMLElement[] => {
    const field = h("input", { type: "text", "aria-label": word("rule", text) });
    field.value = rule;
    const press = (): void => {
      const own = field.value.trim();
      say(answer, "", own === rule ? "" : own);
    };
    return rule === ""
      ? []
      : [h("div", { class: "choice" }, button(text, press, { class: "second" }), field)];
  };
  const showsDiff = block.detail.includes("@@");
  const group = h(
    "div",
    { class: "answers", role: "group", "aria-label": word("asksPermission") },
    h(
      "div",
      { class: "buttons" },
      choice("once", word("once"), "first"),
      choice("deny", word("deny")),
      ...(showsDiff ? [diffButton(block)] : []),
    ),
    ...wider("run", word("forRun"), runRule),
    ...wider("always", word("inProject"), projectRule),
    ...wider("everywhere", word("everywhere"), everywhereRule),
    ...(offersSandbox ? [choice("sandboxed", word("inSandbox"))] : []),
    folded(
      word("denyBecause"),
      false,
      reply(word("reason"), word("deny"), (reason) => {
        say("deny", reason);
        return true;
      }),
    ),
  );
  return group;
}

function diffButton({ detail, summary }: QuestionBlock): HTMLElement {
  return button(
    word("openDiff"),
    () => {
      post({ type: "diff", text: detail, title: summary });
    },
    { class: "second" },
  );
}

/** A text of one's own, sent with Enter. */
function reply(name: string, send: string, take: (text: string) => boolean): HTMLElement {
  const field = h("textarea", { rows: "2", "aria-label": name, placeholder: name });
  const done = (): void => {
    const text = field.value.trim();
    if (text !== "" && take(text)) {
      field.value = "";
    }
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      done();
    }
  });
  return h("div", { class: "reply" }, field, button(send, done, { class: "first" }));
}

export function endCard(block: EndBlock, runId: string): Node[] {
  const { outcome, detail, question, isLast } = block;
  const { sign, word: state, tone } = RUN_STATES[outcome];
  const text = streamedText();
  text.set(detail, false);
  const title = h("div", { class: "line" }, mark(sign, tone), h("strong", {}, word(state)));
  const asks =
    question === "" || !isLast
      ? []
      : [
          h("div", { class: "who" }, word(question.trim().endsWith("?") ? "asks" : "blocked")),
          reply(word("writeAgain"), word("reply"), (answer) => {
            post({
              type: "send",
              number: nextNumber(),
              runId,
              text: answer,
              images: [],
            });
            return true;
          }),
        ];
  return [title, text.element, ...asks, ...(isLast ? [acts(runId, block)] : [])];
}

/** What helps now: nothing is reviewed or taken back where nothing changed. */
function acts(runId: string, { outcome, changes }: EndBlock): HTMLElement {
  const act = (
    name: "show" | "undo" | "resume" | "review" | "chooseModel",
    text: string,
  ): HTMLElement =>
    button(
      text,
      () => {
        post({ type: "act", name, runId });
      },
      { class: "second" },
    );
  const goesOn = outcome === "achieved" || outcome === "finished" || outcome === "blocked";
  return h(
    "div",
    { class: "buttons" },
    ...(canReview() && changes !== "none" ? [act("review", word("review"))] : []),
    ...(changes === "some" ? [act("undo", word("undo"))] : []),
    ...(goesOn ? [] : [act("resume", word("resume"))]),
    ...(outcome === "failed" ? [act("chooseModel", word("chooseModel"))] : []),
    act("show", word("transcript")),
  );
}
