/** The blocks of the run that is shown, and of its children within it, as they come. */
import type { Block, Change, Heading } from "../src/conversation_shape.js";
import { content, labelOf } from "./blocks.js";
import { h, mark } from "./dom.js";
import { word } from "./extension.js";
import { RUN_STATES } from "./states.js";
import { streamedText, type StreamedText } from "./streamed_text.js";

interface Drawn {
  readonly element: HTMLElement;
  readonly text?: StreamedText;
  block: Block;
}

/** What is drawn of one run. */
interface RunView {
  readonly element: HTMLElement;
  readonly read: HTMLElement;
  readonly pending: HTMLElement;
  readonly state: HTMLElement;
  readonly drawn: Map<string, Drawn>;
}

export interface List {
  readonly element: HTMLElement;
  /** Shows another run, of which nothing is known yet. */
  readonly show: (runId: string) => void;
  readonly change: (change: Change) => void;
  /** The question that waits longest. */
  readonly openQuestion: () => HTMLElement | undefined;
  /** The ids of all that wait and can be answered here; what a run asks at its end has the run's. */
  readonly openQuestions: () => readonly string[];
}

/** `onNew` gets each block that is whole, as it comes. */
export function list(onNew: (block: Block) => void): List {
  const element = h("div", { class: "blocks" });
  const runs = new Map<string, RunView>();
  const viewOf = (runId: string): RunView => {
    const view = runs.get(runId) ?? runView();
    runs.set(runId, view);
    return view;
  };
  return {
    element,
    show: (runId) => {
      runs.clear();
      element.replaceChildren(...(runId === "" ? [] : [viewOf(runId).element]));
    },
    change: ({ heading, blocks, grown, removed }) => {
      const view = viewOf(heading.runId);
      showState(view.state, heading);
      removed.forEach((id) => {
        view.drawn.get(id)?.element.remove();
        view.drawn.delete(id);
      });
      blocks.forEach((block) => {
        draw(view, heading.runId, block, viewOf);
        if (!("streams" in block && block.streams)) {
          onNew(block);
        }
      });
      grown.forEach(({ id, more }) => view.drawn.get(id)?.text?.grow(more));
    },
    openQuestions: () =>
      [...runs].flatMap(([runId, { drawn }]) =>
        [...drawn.values()].flatMap(({ block }) => questionIn(block, runId)),
      ),
    openQuestion: () =>
      [...element.querySelectorAll<HTMLElement>(".answers")]
        .map((answers) => answers.closest<HTMLElement>(".block"))
        .find((block) => block !== null) ?? undefined,
  };
}

function questionIn(block: Block, runId: string): string[] {
  if (block.kind === "end") {
    return block.isLast && block.question !== "" ? [runId] : [];
  }
  return block.kind === "question" && block.answered === "" ? [block.questionId] : [];
}

function runView(): RunView {
  const [read, pending] = [h("div"), h("div")];
  const element = h("div", { class: "run" }, read, pending);
  const state = h("span", { class: "quiet" });
  return { element, read, pending, state, drawn: new Map() };
}

/** A child says in its title how far it is. */
function showState(element: HTMLElement, { state, step }: Heading): void {
  const { sign, word: name, tone } = RUN_STATES[state];
  const steps = step > 0 ? ` · ${word("step", step)}` : "";
  element.replaceChildren(mark(sign, tone), `${word(name)}${steps}`);
}

function draw(
  view: RunView,
  runId: string,
  block: Block,
  viewOf: (runId: string) => RunView,
): void {
  const earlier = view.drawn.get(block.id);
  const place = block.kind === "person" && block.state === "pending" ? view.pending : view.read;
  const drawn = earlier ?? fresh(block, viewOf);
  drawn.block = block;
  drawn.element.setAttribute("aria-label", labelOf(block));
  if (drawn.text !== undefined && "text" in block) {
    drawn.text.set(block.text, "streams" in block && block.streams);
    title(drawn.element, block);
  } else if (block.kind !== "child") {
    refill(drawn.element, content(block, runId));
  }
  drawn.element.dataset["state"] = stateOf(block);
  if (drawn.element.parentElement !== place) {
    place.append(drawn.element);
  }
  view.drawn.set(block.id, drawn);
}

function stateOf(block: Block): string {
  if (block.kind === "question") {
    return block.answered === "" ? "open" : "over";
  }
  return "state" in block ? block.state : "";
}

/** Thoughts say whether they go on. */
function title(element: HTMLElement, block: Block): void {
  const summary = element.querySelector("summary");
  if (summary !== null && block.kind === "thoughts") {
    summary.textContent = word(block.streams ? "thinks" : "thoughts");
  }
}

function fresh(block: Block, viewOf: (runId: string) => RunView): Drawn {
  const element = h("article", { class: `block ${block.kind}` });
  if (block.kind === "text") {
    const text = streamedText();
    element.append(text.element);
    return { element, text, block };
  }
  if (block.kind === "thoughts") {
    const text = streamedText();
    element.append(h("details", {}, h("summary"), text.element));
    return { element, text, block };
  }
  if (block.kind === "child") {
    const { element: below, state } = viewOf(block.runId);
    const summary = h("summary", {}, `${block.title} `, state);
    element.append(h("details", { open: true }, summary, below));
  }
  return { element, block };
}

/** New content in place of the old; what a person had opened or closed stays so. */
function refill(element: HTMLElement, nodes: readonly Node[]): void {
  const before = [...element.querySelectorAll("details")].map(({ open }) => open);
  const hadFocus = element.contains(document.activeElement);
  element.replaceChildren(...nodes);
  // A question has other parts once it is answered.
  if (before.length === element.querySelectorAll("details").length) {
    element.querySelectorAll("details").forEach((each, at) => {
      each.open = before[at] ?? each.open;
    });
  }
  if (hadFocus) {
    document.querySelector<HTMLElement>("#write")?.focus();
  }
}
