"""This module defines the Events of a run: one frozen type per thing that can happen.

The journal keeps every Event but the ephemeral ones, and replaying it gives the run's
state and prompt again, so an Event carries all that the folds need. Fields and `kind`
are written to disk and sent to editors: after a change, teach `agent/journal_format.py`
to read what older versions wrote.
To add a case: define it, add it to `Event`, put it into words in `wording/event_view.py`, raise
`FORMAT` in `agent/journal_format.py` (an older Holdfast then says that it is too old), add it to
`tests/data/events.py`, and into the folds that need it. Most folds end in `case _`, so the type checker does not
lead you there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.attempt_events import AttemptEnded, AttemptsJudged, AttemptStarted
from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.candidates import CandidateGroup, ChosenBy
from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.file_events import FileChanged as FileChanged  # noqa: PLC0414 - known from here
from lsp_server.domain.file_events import FileRestored as FileRestored  # noqa: PLC0414 - known from here
from lsp_server.domain.file_events import SnapshotTaken as SnapshotTaken  # noqa: PLC0414 - known from here
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.ids import Id, ToolName
from lsp_server.domain.images import Image
from lsp_server.domain.message_events import MessageReceived, MessageRefused
from lsp_server.domain.messages import Message, ModelRole, RoleSpending, StopReason, Usage
from lsp_server.domain.permission_events import (
    PermissionAnswered,
    PermissionAsked,
    PermissionsChanged,
)
from lsp_server.domain.plans import PlanItem
from lsp_server.domain.prompt_sections import PromptSection
from lsp_server.domain.rewind_events import Forked, Rewound
from lsp_server.domain.tasks import Mode, Outcome, RunId, Sampling, Task
from lsp_server.domain.tools import UNKNOWN_NEEDS, Needs, ToolCall, ToolKind, ToolResult
from lsp_server.domain.workflow_events import WorkflowChanged


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins. `workspace` is its folder, `model` name and place of the endpoint."""

    run_id: RunId
    task: Task
    workspace: str
    model: str
    kind: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True)
class RunResumed:
    """A run goes on after its end or a crash; `note` says to the model what changed since.

    `model` is as in RunStarted, of the part that begins; empty in journals that did not keep it.
    """

    note: str
    model: str = ""
    kind: Literal["run_resumed"] = "run_resumed"


@dataclass(frozen=True, slots=True)
class CycleStarted:
    """A new prompt begins with two messages: the system prompt, and one with the task.

    Of the messages before, the last `kept` follow; the others leave the prompt. With
    `result_chars_max` the tool results among them are cut to so many characters.
    `number` counts from 1. `images` go with the task.
    """

    number: int
    reason: str
    system: str
    opening: str
    kept: int = 0
    result_chars_max: int | None = None
    images: tuple[Image, ...] = ()
    kind: Literal["cycle_started"] = "cycle_started"


@dataclass(frozen=True, slots=True)
class BriefWritten:
    """A model wrote down what the run intends and has learned, before a cycle ended."""

    text: str
    usage: Usage
    billed: Usage
    cost_usd: float
    role: ModelRole = "worker"
    kind: Literal["brief_written"] = "brief_written"


@dataclass(frozen=True, slots=True)
class CyclePacked:
    """This Event lists what went into the prompt of a new cycle, and what found no room.

    `budget_tokens` is the size at which the next cycle starts. A second one for a cycle
    lists what memory had to offer only later.
    """

    cycle: int
    budget_tokens: int
    taken: tuple[PromptSection, ...]
    left_out: tuple[PromptSection, ...]
    kind: Literal["cycle_packed"] = "cycle_packed"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The model is about to be asked; `prompt_tokens` is an estimate of the prompt's size."""

    step: int
    prompt_tokens: int
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True)
class Streamed:
    """A piece of the answer came in. This Event is ephemeral: no journal keeps it."""

    step: int
    channel: Literal["text", "reasoning", "tool"]
    text: str
    kind: Literal["streamed"] = "streamed"


@dataclass(frozen=True, slots=True)
class ModelWaited:
    """The endpoint failed for the `attempt`th time and is asked again after `delay_seconds`."""

    reason: str
    attempt: int
    delay_seconds: float
    kind: Literal["model_waited"] = "model_waited"


@dataclass(frozen=True, slots=True)
class CandidatesJudged:
    """Several candidates for a step, or several attempts, were compared: `groups[winner]` is chosen.

    `drawn` candidates came in; `failures` say what became of the others. `billed` and
    `cost_usd` are all that sampling and judging cost, `judge_billed` and `judge_cost_usd` the
    judging alone.
    """

    groups: tuple[CandidateGroup, ...]
    winner: int
    by: ChosenBy
    reason: str
    drawn: int
    failures: tuple[str, ...]
    billed: Usage
    cost_usd: float = 0.0
    judge_billed: Usage = Usage()
    judge_cost_usd: float = 0.0
    kind: Literal["candidates_judged"] = "candidates_judged"


@dataclass(frozen=True, slots=True)
class CandidateAccepted:
    """The group `groups[group]` of the last CandidatesJudged is to be carried out."""

    group: int
    kind: Literal["candidate_accepted"] = "candidate_accepted"


@dataclass(frozen=True, slots=True)
class SamplingChanged:
    """A person has turned Max Mode on or off; this takes effect with the next step."""

    sampling: Sampling
    kind: Literal["sampling_changed"] = "sampling_changed"


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """A person lets the run go on in another mode, with a prompt that says so."""

    mode: Mode
    kind: Literal["mode_changed"] = "mode_changed"


@dataclass(frozen=True, slots=True)
class JudgeFellBack:
    """The judge of the candidates did not decide; `rung` is what is tried instead."""

    rung: Literal["asked again", "largest group", "best evidence", "first"]
    reason: str
    kind: Literal["judge_fell_back"] = "judge_fell_back"


@dataclass(frozen=True, slots=True)
class ModelAnswered:
    """The model gave an answer; `usage` is its own, `billed` all that was paid to get it."""

    step: int
    message: Message
    stop_reason: StopReason
    usage: Usage
    billed: Usage
    cost_usd: float
    kind: Literal["model_answered"] = "model_answered"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool is about to run: a call without a ToolReturned may have taken effect or not.

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
    """A tool ran, for `seconds`; `result` is whole, although a prompt may show less of it."""

    step: int
    call_id: Id
    tool: ToolName
    result: ToolResult
    seconds: float
    tool_kind: ToolKind = "other"
    kind: Literal["tool_returned"] = "tool_returned"


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """The agent replaced its whole plan by `items`."""

    items: tuple[PlanItem, ...]
    kind: Literal["plan_changed"] = "plan_changed"


@dataclass(frozen=True, slots=True)
class Told:
    """The conversation got a message that is no tool result.

    It comes from a person or their hook, a guard, a goal's check, memory, or a background command.
    """

    text: str
    origin: Literal["person", "fence", "goal", "memory", "command", "hook"]
    images: tuple[Image, ...] = ()
    kind: Literal["told"] = "told"


@dataclass(frozen=True, slots=True)
class Warned:
    """A person should know this; the run goes on."""

    message: str
    kind: Literal["warned"] = "warned"


@dataclass(frozen=True, slots=True)
class GoalChecked:
    """The goal was checked as the run wanted to stop; `billed` is what asking the judge cost."""

    report: GoalReport
    billed: Usage = Usage()
    cost_usd: float = 0.0
    kind: Literal["goal_checked"] = "goal_checked"


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step is over and all of it is recorded; the totals are those of the whole run."""

    step: int
    usage: Usage
    billed: Usage
    cost_usd: float
    kind: Literal["step_finished"] = "step_finished"


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run ended; if it is resumed, more Events follow. Totals are those of the whole run.

    `roles` are what each role took of them; none where journals did not count that yet.
    """

    outcome: Outcome
    steps: int
    usage: Usage
    billed: Usage
    cost_usd: float
    roles: tuple[RoleSpending, ...] = ()
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
    | ModeChanged
    | AttemptStarted
    | AttemptEnded
    | AttemptsJudged
    | JudgeFellBack
    | ModelAnswered
    | ToolCalled
    | ToolReturned
    | BackgroundStarted
    | BackgroundEnded
    | FileChanged
    | SnapshotTaken
    | PermissionAsked
    | PermissionAnswered
    | PermissionsChanged
    | PlanChanged
    | MessageReceived
    | MessageRefused
    | Told
    | Warned
    | GoalChecked
    | StepFinished
    | FileRestored
    | ChildStarted
    | ChildEnded
    | WorkflowChanged
    | Rewound
    | Forked
    | RunEnded
)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """A `RecordedEvent` is an Event with its place in the run and its time.

    `seq` counts from 0, `at` is ISO 8601 in UTC. An ephemeral Event carries the `seq` of
    the next one that is kept.
    """

    seq: int
    at: str
    event: Event


Emit: TypeAlias = Callable[[Event], None]
"""Records an Event of a run. Raises OSError when the journal cannot keep it."""
