/** What is read here of an Event itself, beside its words, by its kind. */
import * as v from "valibot";
import { faultsOf } from "./parsed.js";
import { CandidateGroup, Question, Verdict, type EventNotice } from "./protocol.js";

export const Begun = v.object({ task: v.object({ instruction: v.string() }) });
/** How a run works, apart from its task: a way of a newer server loses no words of the task. */
export const Settled = v.object({
  task: v.object({
    mode: v.optional(v.picklist(["build", "plan"]), "build"),
    sampling: v.optional(v.object({ maxMode: v.optional(v.boolean(), false) })),
  }),
});
export const Moded = v.object({ mode: v.picklist(["build", "plan"]) });
export const Sampled = v.object({ sampling: v.object({ maxMode: v.boolean() }) });
export const Packed = v.object({ budgetTokens: v.number() });
export const Spent = v.object({
  usage: v.object({
    promptTokens: v.number(),
    cachedTokens: v.number(),
    completionTokens: v.number(),
  }),
});

const Images = v.optional(v.array(v.object({ name: v.string() })), []);
export const Streamed = v.object({ channel: v.string(), text: v.string() });
export const Answered = v.object({
  message: v.object({ text: v.string(), reasoning: v.string() }),
});
export const Received = v.object({ text: v.string(), images: Images });
export const Told = v.object({ text: v.string(), origin: v.string(), images: Images });

export const Called = v.object({ call: v.object({ arguments: v.unknown() }) });
export const Returned = v.object({ result: v.object({ text: v.string(), ending: v.string() }) });
export const ChildChanges = v.object({ changes: v.array(v.object({ path: v.string() })) });

export const PlanItems = v.array(
  v.object({
    text: v.string(),
    status: v.picklist(["pending", "in_progress", "done", "dropped"]),
    items: v.optional(v.array(v.unknown()), []),
  }),
);
export const Planned = v.object({ items: PlanItems });
export const Checked = v.object({
  report: v.object({
    conditions: v.array(
      v.object({
        condition: v.object({ text: v.string() }),
        verdict: Verdict,
        missing: v.string(),
        evidence: v.array(
          v.object({
            check: v.string(),
            passed: v.boolean(),
            outputTail: v.string(),
            seconds: v.number(),
            ending: v.optional(v.string(), ""),
          }),
        ),
      }),
    ),
  }),
});
export type Conditions = v.InferOutput<typeof Checked>["report"]["conditions"];
export const Judged = v.object({
  groups: v.array(CandidateGroup),
  winner: v.number(),
  reason: v.string(),
});
export type Judged = v.InferOutput<typeof Judged>;
/** A workflow is the task of its run, or works for a tool call of it. */
export const Workflow = v.object({ callId: v.string() });

export const Asked = v.object({ question: Question });
export const Ended = v.object({
  outcome: v.looseObject({ question: v.optional(v.string(), "") }),
});

const SHAPES: Readonly<Record<string, readonly v.GenericSchema[]>> = {
  run_started: [Begun, Settled],
  mode_changed: [Moded],
  sampling_changed: [Sampled],
  cycle_packed: [Packed],
  step_finished: [Spent],
  streamed: [Streamed],
  model_answered: [Answered],
  message_received: [Received],
  told: [Told],
  tool_called: [Called],
  tool_returned: [Returned],
  child_ended: [ChildChanges],
  plan_changed: [Planned],
  goal_checked: [Checked],
  candidates_judged: [Judged],
  workflow_changed: [Workflow],
  permission_asked: [Asked],
  run_ended: [Ended, Spent],
};

/** What of an Event cannot be read here, as its place and why; its words are shown all the same. */
export function unreadIn(event: EventNotice["event"]): readonly string[] {
  return (SHAPES[event.kind] ?? []).flatMap((shape) => faultsOf(shape, event));
}
