"""What happened in a run, one frozen type per thing, tagged by `kind`.

The union is closed: a new case fails the type checker in every `match`. The
journal keeps every Event but the ephemeral ones, and replaying it rebuilds the
run's state and prompt, so an Event carries all that the folds need.
To add a case: define it, add it to `Event`, handle it in `agent/transcript.py`
and `server/views/presenter.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.candidates import CandidateGroup, ChosenBy
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.ids import Id, ToolName
from lsp_server.domain.messages import Message, StopReason, Usage
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.plans import PlanItem
from lsp_server.domain.prompt_sections import PromptSection
from lsp_server.domain.tasks import Outcome, RunId, Sampling, Task, When
from lsp_server.domain.tools import UNKNOWN_NEEDS, Needs, ToolCall, ToolKind, ToolResult


@dataclass(frozen=True, slots=True)
class RunStarted:
    """`model` is the name and place of the endpoint, without credentials."""

    run_id: RunId
    task: Task
    workspace: str
    model: str
    kind: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True)
class RunResumed:
    """`note` tells the model what was interrupted and what changed since."""

    note: str
    kind: Literal["run_resumed"] = "run_resumed"


@dataclass(frozen=True, slots=True)
class CycleStarted:
    """A prompt begins anew with these two messages.

    Of what came before, the last `kept` messages follow them; the rest leaves it.
    With `result_chars_max` their tool results are cut to so much.
    """

    number: int
    reason: str
    system: str
    opening: str
    kept: int = 0
    result_chars_max: int | None = None
    kind: Literal["cycle_started"] = "cycle_started"


@dataclass(frozen=True, slots=True)
class BriefWritten:
    """Before a cycle ended, the model said in its own words what it intends and has learned."""

    text: str
    usage: Usage
    billed: Usage
    cost_usd: float
    kind: Literal["brief_written"] = "brief_written"


@dataclass(frozen=True, slots=True)
class CyclePacked:
    """The receipt of a cycle that just started: what went into it and what found no room.

    A second one of a cycle is of what memory told late.
    """

    cycle: int
    budget_tokens: int
    taken: tuple[PromptSection, ...]
    left_out: tuple[PromptSection, ...]
    kind: Literal["cycle_packed"] = "cycle_packed"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """`prompt_tokens` is an estimate."""

    step: int
    prompt_tokens: int
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True)
class Streamed:
    """Ephemeral: a piece of the answer as it comes."""

    step: int
    channel: Literal["text", "reasoning", "tool"]
    text: str
    kind: Literal["streamed"] = "streamed"


@dataclass(frozen=True, slots=True)
class ModelWaited:
    """The endpoint failed and is asked again after `delay_seconds`."""

    reason: str
    attempt: int
    delay_seconds: float
    kind: Literal["model_waited"] = "model_waited"


@dataclass(frozen=True, slots=True)
class CandidatesJudged:
    """Of several candidates for a step, `groups[winner]` was chosen.

    `drawn` candidates came; `failures` say what became of the others. `billed` and
    `cost_usd` are all that drawing and judging cost.
    """

    groups: tuple[CandidateGroup, ...]
    winner: int
    by: ChosenBy
    reason: str
    drawn: int
    failures: tuple[str, ...]
    billed: Usage
    cost_usd: float = 0.0
    kind: Literal["candidates_judged"] = "candidates_judged"


@dataclass(frozen=True, slots=True)
class CandidateAccepted:
    """A person chose `groups[group]` of the last CandidatesJudged, to be carried out."""

    group: int
    kind: Literal["candidate_accepted"] = "candidate_accepted"


@dataclass(frozen=True, slots=True)
class SamplingChanged:
    """A person switched Max Mode on or off; it counts from the next step on."""

    sampling: Sampling
    kind: Literal["sampling_changed"] = "sampling_changed"


@dataclass(frozen=True, slots=True)
class JudgeFellBack:
    """The judge of the candidates did not decide; `rung` is what is tried instead."""

    rung: Literal["asked again", "largest group", "best evidence", "first"]
    reason: str
    kind: Literal["judge_fell_back"] = "judge_fell_back"


@dataclass(frozen=True, slots=True)
class ModelAnswered:
    """`usage` is the answer's own, `billed` all that was paid for it."""

    step: int
    message: Message
    stop_reason: StopReason
    usage: Usage
    billed: Usage
    cost_usd: float
    kind: Literal["model_answered"] = "model_answered"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """Recorded before the tool runs.

    `title` is one line for people, `tool_kind` how the tool acts, and `needs` what
    the call needs permission for.
    """

    step: int
    call: ToolCall
    title: str
    tool_kind: ToolKind = "other"
    needs: Needs = UNKNOWN_NEEDS
    kind: Literal["tool_called"] = "tool_called"


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """Recorded after the tool ran; `result` is whole, prompts may show less."""

    step: int
    call_id: Id
    tool: ToolName
    result: ToolResult
    seconds: float
    tool_kind: ToolKind = "other"
    kind: Literal["tool_returned"] = "tool_returned"


@dataclass(frozen=True, slots=True)
class FileChanged:
    """The run changed a file. `before` and `after` name stored contents, None: no file."""

    path: str
    before: Id | None
    after: Id | None
    kind: Literal["file_changed"] = "file_changed"


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """Before a command that may change files; kept under `name` until its changes are on record."""

    name: Id
    kind: Literal["snapshot_taken"] = "snapshot_taken"


@dataclass(frozen=True, slots=True)
class PermissionAsked:
    """The run waits for a person until `expires_at` (ISO 8601)."""

    question: Question
    expires_at: str
    kind: Literal["permission_asked"] = "permission_asked"


@dataclass(frozen=True, slots=True)
class PermissionAnswered:
    """The question is settled."""

    question_id: Id
    answer: Answer
    by: Literal["person", "expiry", "stop"]
    kind: Literal["permission_answered"] = "permission_answered"


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """The agent wrote its plan anew."""

    items: tuple[PlanItem, ...]
    kind: Literal["plan_changed"] = "plan_changed"


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A person wrote; the model is told at the next tool boundary or when the turn ends."""

    text: str
    when: When
    kind: Literal["message_received"] = "message_received"


@dataclass(frozen=True, slots=True)
class Told:
    """A message to the model that is no tool result: from a person, a fence, a goal, memory."""

    text: str
    origin: Literal["person", "fence", "goal", "memory"]
    kind: Literal["told"] = "told"


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know; the run goes on."""

    message: str
    kind: Literal["warned"] = "warned"


@dataclass(frozen=True, slots=True)
class GoalChecked:
    """The verdict at a stop attempt, and what asking the judge cost."""

    report: GoalReport
    billed: Usage = Usage()
    cost_usd: float = 0.0
    kind: Literal["goal_checked"] = "goal_checked"


@dataclass(frozen=True, slots=True)
class StepFinished:
    """Everything of the step is recorded; totals are of the whole run."""

    step: int
    usage: Usage
    billed: Usage
    cost_usd: float
    kind: Literal["step_finished"] = "step_finished"


@dataclass(frozen=True, slots=True)
class FileRestored:
    """Undo gave a file back its earlier content, or says why it could not."""

    path: str
    conflict: str | None = None
    kind: Literal["file_restored"] = "file_restored"


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last Event of a run; `resume` may append more behind it."""

    outcome: Outcome
    steps: int
    usage: Usage
    billed: Usage
    cost_usd: float
    kind: Literal["run_ended"] = "run_ended"


Event: TypeAlias = (
    RunStarted
    | RunResumed
    | CycleStarted
    | BriefWritten
    | CyclePacked
    | StepStarted
    | Streamed
    | ModelWaited
    | CandidatesJudged
    | CandidateAccepted
    | SamplingChanged
    | JudgeFellBack
    | ModelAnswered
    | ToolCalled
    | ToolReturned
    | FileChanged
    | SnapshotTaken
    | PermissionAsked
    | PermissionAnswered
    | PlanChanged
    | MessageReceived
    | Told
    | Warned
    | GoalChecked
    | StepFinished
    | FileRestored
    | RunEnded
)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An Event with its place in the run: `seq` counts from 0, `at` is ISO 8601 UTC.

    An ephemeral Event carries the `seq` of the next one that is kept.
    """

    seq: int
    at: str
    event: Event


Emit: TypeAlias = Callable[[Event], None]
