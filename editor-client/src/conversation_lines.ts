/** The lines of blocks that have several: of a plan, of a goal's conditions, of candidates, of a change. */
import * as v from "valibot";
import type { CandidateLine, ConditionLine, PlanItem } from "./conversation_shape.js";
import { PlanItems, type Conditions } from "./event_shapes.js";
import { parsed } from "./parsed.js";
import type { CandidateGroup } from "./protocol.js";

const CHANGE_CHARS_MAX = 20_000;
const DEPTH_MAX = 8;

/** A plan from the top down, each item with its depth from 0. */
export function flatPlan(items: unknown, depth = 0): PlanItem[] {
  return (parsed(PlanItems, items) ?? []).flatMap(({ text, status, items: parts }) => [
    { text, status, depth },
    ...(depth < DEPTH_MAX ? flatPlan(parts, depth + 1) : []),
  ]);
}

/** The conditions of a goal's report, each with what shows its verdict. */
export function conditionLines(conditions: Conditions): ConditionLine[] {
  return conditions.map((each) => ({
    text: each.condition.text,
    verdict: each.verdict,
    missing: each.missing,
    evidence: each.evidence.map(({ check, ending, seconds, passed, outputTail }) => ({
      label: `${passed ? "✓" : "✗"} ${check}${ending === "" ? "" : `: ${ending}`}, ${seconds.toFixed(1)} s`,
      output: outputTail,
    })),
  }));
}

export function groupLine(group: CandidateGroup): CandidateLine {
  const { title, text, size, problem, notes, changes, scores } = group;
  const points =
    scores == null
      ? undefined
      : scores.correctness + scores.groundedness + scores.progress + scores.safety;
  return { title, text, size, problem, notes, changes, points };
}

const Edit = v.object({ path: v.string(), old_text: v.string(), new_text: v.string() });
const Write = v.object({ path: v.string(), text: v.string() });
const Place = v.object({ path: v.string() });

/** What the arguments of a call say of a file: which one, and how its text changes. */
export function changeOf(given: unknown): { path: string; change: string } {
  const edit = parsed(Edit, snake(given));
  if (edit !== undefined) {
    const change = `${signed("-", edit.old_text)}\n${signed("+", edit.new_text)}`;
    return { path: edit.path, change: change.slice(0, CHANGE_CHARS_MAX) };
  }
  const write = parsed(Write, given);
  return write === undefined
    ? { path: parsed(Place, given)?.path ?? "", change: "" }
    : { path: write.path, change: signed("+", write.text).slice(0, CHANGE_CHARS_MAX) };
}

function signed(sign: string, text: string): string {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `${sign} ${line}`)
    .join("\n");
}

/** The keys of arguments as the model wrote them; on the wire all keys are in camelCase. */
function snake(given: unknown): unknown {
  const object = parsed(v.record(v.string(), v.unknown()), given);
  return (
    object &&
    Object.fromEntries(
      Object.entries(object).map(([key, value]) => [
        key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value,
      ]),
    )
  );
}
