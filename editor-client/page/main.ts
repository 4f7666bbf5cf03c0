/**
 * The page of conversations. It draws what the extension says and asks it for everything else; it
 * keeps nothing but the draft, so that it may be thrown away whenever it is hidden.
 */
import type { Block, Heading, ToPage } from "../src/conversation_shape.js";
import { announcer } from "./announcer.js";
import { composer } from "./composer.js";
import { button, h } from "./dom.js";
import { keep, kept, post, setCanReview, setWords, word } from "./extension.js";
import { header } from "./header.js";
import { list } from "./list.js";
import { past } from "./past.js";
import { scroller } from "./scroller.js";

const WORDS = "words";

window.addEventListener("message", function first({ data }: MessageEvent<ToPage>) {
  if (data.type === WORDS) {
    window.removeEventListener("message", first);
    setWords(data.words);
    start();
  }
});
post({ type: "ready", runId: kept().runId });

function start(): void {
  let runId = "";
  let isLoading = false;
  let asked = "";
  const headings = new Map<string, Heading>();
  const says = announcer();
  const main = list((block: Block) => {
    if (!isLoading) {
      says.block(block);
    }
  });
  const write = composer();
  const old = past(() => {
    page.classList.remove("lists");
    write.focus();
  });
  const top = header({
    fresh: () => {
      post({ type: "show", runId: "" });
      write.focus();
    },
    past: () => {
      page.classList.add("lists");
      old.open();
    },
  });
  const empty = h("div", { class: "empty" });
  const waits = button(
    word("toQuestion"),
    () => {
      const question = main.openQuestion();
      question?.scrollIntoView({ block: "center" });
      question?.querySelector<HTMLElement>(".answers button")?.focus();
    },
    { class: "first" },
  );
  const strip = h("div", { class: "strip", hidden: true }, h("span", {}, word("waitsHere")), waits);
  const scroll = scroller(h("div", {}, empty, main.element), remind);
  const page = h(
    "div",
    { class: "page" },
    top.element,
    h("main", {}, old.element, scroll.element),
    strip,
    write.element,
    says.element,
  );
  document.body.replaceChildren(page);

  function changed(): void {
    const heading = headings.get(runId);
    top.set(heading);
    write.follow(runId, heading);
    remind();
    acknowledge();
    welcome();
  }

  /** Says which questions are seen here, which need no notification then. */
  function acknowledge(): void {
    const questionIds = main.openQuestions();
    if (questionIds.join(" ") !== asked) {
      asked = questionIds.join(" ");
      post({ type: "asks", questionIds: [...questionIds] });
    }
  }

  /** Leads to a question that is out of sight. */
  function remind(): void {
    const question = main.openQuestion();
    strip.hidden = question === undefined || scroll.shows(question);
  }

  function welcome(): void {
    const nothing = runId === "";
    empty.hidden = !nothing && !isLoading;
    empty.replaceChildren(
      ...(nothing
        ? [h("h2", {}, word("welcome")), h("p", { class: "quiet" }, word("welcomeDetail"))]
        : [h("p", { class: "quiet" }, word("loading"))]),
    );
  }

  function hear(message: ToPage): void {
    switch (message.type) {
      case "shows":
        ({ runId } = message);
        isLoading = message.loading;
        keep({ runId });
        asked = "";
        headings.clear();
        main.show(runId);
        scroll.toEnd();
        changed();
        break;
      case "changed":
        message.changes.forEach((change) => {
          headings.set(change.heading.runId, change.heading);
          main.change(change);
        });
        isLoading = false;
        changed();
        scroll.follow();
        break;
      case "past":
        old.set(message.runs);
        break;
      case "write":
        write.write(message.text);
        break;
      case "focus":
        write.focus();
        break;
      case "server":
        setCanReview(message.canReview);
        document.body.classList.toggle("no-server", !message.isRunning);
        break;
      case WORDS:
        break;
      case "sent":
      case "history":
      case "permissions":
      case "completions":
        write.hear(message);
    }
  }

  document.body.addEventListener("click", ({ target }) => {
    const link = target instanceof Element ? target.closest<HTMLElement>("[data-target]") : null;
    const place = link?.dataset["target"];
    if (place !== undefined) {
      post({ type: "open", target: place });
    }
  });
  window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
    hear(data);
  });
  changed();
}
