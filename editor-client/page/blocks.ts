/** Draws the blocks of a conversation. A block that changed is drawn anew, with what was open left open. */
import type {
  Block,
  CandidatesBlock,
  GoalsBlock,
  NoteBlock,
  PersonBlock,
  PlanBlock,
  ToolBlock,
  WorkflowBlock,
} from "../src/conversation_shape.js";
import { endCard, questionCard } from "./cards.js";
import { button, folded, h, mark } from "./dom.js";
import { post, word } from "./extension.js";
import { diff, firstLines, long } from "./outputs.js";
import { NODE_STATES, PLAN_STATES, TONE_SIGNS, VERDICTS } from "./states.js";

/** What stands in a block other than texts of the model and children, which grow by themselves. */
export function content(block: Block, runId: string): Node[] {
  switch (block.kind) {
    case "person":
      return person(block);
    case "tool":
      return [toolCard(block)];
    case "plan":
      return plan(block);
    case "goals":
      return goals(block);
    case "candidates":
      return candidates(block, runId);
    case "workflow":
      return workflow(block);
    case "question":
      return questionCard(block);
    case "note":
      return [note(block)];
    case "end":
      return endCard(block, runId);
    case "text":
    case "thoughts":
    case "child":
      return [];
  }
}

/** What a block is, for those who cannot see it. */
export function labelOf(block: Block): string {
  switch (block.kind) {
    case "person":
      return word(
        block.state === "pending" ? "youPending" : block.state === "read" ? "youRead" : "you",
      );
    case "text":
      return word("agent");
    case "thoughts":
      return word("thoughts");
    case "tool":
    case "child":
      return block.title;
    case "question":
      return `${word("asksPermission")} ${block.summary}`;
    case "plan":
    case "goals":
    case "candidates":
    case "workflow":
    case "note":
    case "end":
      return block.label;
  }
}

function person({ text, images, state }: PersonBlock): Node[] {
  const name = word(state === "pending" ? "youPending" : state === "read" ? "youRead" : "you");
  const pictures = images.map((image) => h("span", { class: "chip" }, image));
  return [h("div", { class: "who" }, name), h("div", { class: "said" }, text), ...pictures];
}

function toolCard(block: ToolBlock): HTMLElement {
  const { state, title, ending, output, change, path } = block;
  const sign = state === "running" ? "●" : state === "good" ? "✓" : "✗";
  const tone = state === "running" ? "waiting" : state;
  const how = state === "running" ? word("works") : ending;
  const line = h(
    "span",
    { class: "line" },
    mark(sign, tone),
    h("span", { class: "title" }, title),
    h("span", { class: "quiet" }, how),
  );
  const parts = [
    ...(path === "" ? [] : [fileButton(path)]),
    ...(change === "" ? [] : [diff(change)]),
    ...(output.trim() === "" ? [] : [long(output)]),
  ];
  const few = change === "" ? firstLines(output) : "";
  const card = folded(line, false, ...parts);
  return few === "" ? card : h("div", {}, card, h("pre", { class: "few" }, few));
}

function fileButton(path: string): HTMLElement {
  return button(
    word("open", path),
    () => {
      post({ type: "open", target: path });
    },
    { class: "link" },
  );
}

function plan({ label, items, isNewest }: PlanBlock): Node[] {
  const rows = items.map(({ text, status, depth }) => {
    const { sign, word: state, tone } = PLAN_STATES[status];
    return h(
      "li",
      { class: `depth-${depth} ${status}` },
      mark(sign, tone),
      h("span", { class: "hidden" }, `${word(state)}: `),
      text,
    );
  });
  return [folded(label, isNewest, h("ul", { class: "lines" }, ...rows))];
}

function goals({ label, tone, conditions }: GoalsBlock): Node[] {
  const rows = conditions.map((condition) => {
    const { sign, word: state, tone: colour } = VERDICTS[condition.verdict];
    return h(
      "li",
      {},
      mark(sign, colour),
      `${condition.text}: ${word(state)}`,
      ...(condition.missing === ""
        ? []
        : [h("div", { class: "quiet" }, word("missing", condition.missing))]),
      ...condition.evidence.map((shown) =>
        folded(shown.label, false, ...(shown.output.trim() === "" ? [] : [long(shown.output)])),
      ),
    );
  });
  const title = h("span", { class: "line" }, mark(TONE_SIGNS[tone], tone), label);
  return [folded(title, true, h("ul", { class: "lines" }, ...rows))];
}

function candidates({ label, reason, winner, groups }: CandidatesBlock, runId: string): Node[] {
  const rows = groups.map((group, at) => {
    const facts = [
      ...(at === winner ? [word("chosen")] : []),
      ...(group.points === undefined ? [] : [word("points", group.points)]),
      ...(group.size > 1 ? [word("agree", group.size)] : []),
      ...(group.problem === "" ? [] : [group.problem]),
    ];
    const title = h(
      "span",
      { class: "line" },
      mark(at === winner ? "★" : "☆"),
      h("span", { class: "title" }, `${at + 1}. ${group.title}`),
      h("span", { class: "quiet" }, facts.join(" · ")),
    );
    const texts = [group.text, ...group.notes].filter((text) => text.trim() !== "");
    return h(
      "li",
      {},
      folded(
        title,
        false,
        ...texts.map((text) => h("div", { class: "said" }, text)),
        ...(group.changes === "" ? [] : [diff(group.changes)]),
      ),
    );
  });
  const compare = button(word("compare"), () => {
    post({ type: "act", name: "compare", runId });
  });
  const why = h("div", { class: "quiet" }, reason);
  return [folded(label, true, why, h("ul", { class: "lines" }, ...rows), compare)];
}

function workflow({ label, tone, nodes }: WorkflowBlock): Node[] {
  const rows = nodes.map(({ title, state, depth, why }) => {
    const { sign, word: name, tone: colour } = NODE_STATES[state];
    const facts = [word(name), ...(why === "" ? [] : [why])].join(" · ");
    return h(
      "li",
      { class: `depth-${Math.min(depth, 8)}` },
      mark(sign, colour),
      title,
      h("span", { class: "quiet" }, ` ${facts}`),
    );
  });
  const title = h("span", { class: "line" }, mark(TONE_SIGNS[tone], tone), label);
  return [folded(title, true, h("ul", { class: "lines" }, ...rows))];
}

function note({ label, detail, tone }: NoteBlock): HTMLElement {
  const title = h("span", { class: `line ${tone}` }, mark(TONE_SIGNS[tone], tone), label);
  return folded(title, false, ...(detail.trim() === "" ? [] : [long(detail)]));
}
