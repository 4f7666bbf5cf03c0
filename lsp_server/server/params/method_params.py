"""This module has the shapes of our own methods, which only clients that declare them get."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from lsp_server.domain.candidates import DrawStrategy
from lsp_server.domain.goals import Verdict
from lsp_server.domain.permissions import Answer, PermissionMode
from lsp_server.domain.tasks import RunState
from lsp_server.domain.workflows import NodeState
from lsp_server.server.params.base import MessagePayload, Payload, WireDiagnostic
from lsp_server.session.session_status import SessionState
from lsp_server.wording.shown_event import Tone


class GoalCounts(Payload):
    """Goals are counted by what is known of them; the rest of `total` is stale or not verified."""

    met: int = 0
    unmet: int = 0
    blocked: int = 0
    total: int = 0


class Tokens(Payload):
    """`Tokens` counts those of a run; `cached` is part of `input`."""

    input: int = 0
    cached: int = 0
    output: int = 0


class IndexState(Payload):
    """An `IndexState` counts indexed files; `pending` vectors are still to be made."""

    files: int = 0
    pending: int = 0


class ExtensionCounts(Payload):
    """An `ExtensionCounts` counts what people bring: all, what waits for trust, what has a problem."""

    total: int = 0
    waiting: int = 0
    failed: int = 0


class Status(MessagePayload):
    """A `Status` is sent as `holdfast/status` and as the reply to `holdfast.status`.

    `line` has goals and the run, ready for a status line, and is empty when there is
    nothing to say. `max_mode` is True while the run samples several candidates a step.
    `agents` names the custom agents that may be used, `extensions` counts what
    `holdfast.extension.list` lists, `children` the subagents and attempts at work.
    `background` are the commands that the run has in the background, by their ids.
    """

    state: SessionState
    line: str = ""
    run_id: str | None = None
    outcome: RunState | None = None
    """How the newest run ended, absent while it is at work."""
    title: str | None = None
    step: int | None = None
    goals: GoalCounts = GoalCounts()
    tokens: Tokens = Tokens()
    cost_usd: float | None = None
    index: IndexState = IndexState()
    endpoint: str | None = None
    max_mode: bool | None = None
    max_strategy: DrawStrategy | None = None
    """How Max Mode draws for the run; absent without it and while that is not known."""
    agents: tuple[str, ...] = ()
    background: dict[str, str] | None = None
    extensions: ExtensionCounts = ExtensionCounts()
    children: int = 0
    permissions: PermissionMode | None = None
    """How much the run at work may do without asking."""
    cache_hit_rate: float | None = None
    """The share of the prompts' tokens that the endpoint had in its cache, 0 to 1."""
    step_cache_hit_rate: float | None = None
    """The same of the last step of a run at work."""
    context_share: float | None = None
    """How much of the room for a prompt the run uses, 0 to 1."""
    outlives_editor: bool | None = None
    """The server is in the background: its runs go on when the editor closes."""


class WorkflowNodePayload(Payload):
    """A `WorkflowNodePayload` is a node of a workflow: `depth` says how far it is set in, from 0.

    `runId` is the run that worked on it last, and `why` says in a line how it came to its state.
    """

    id: str
    title: str
    state: NodeState
    depth: int
    run_id: str | None = None
    why: str = ""


class QuestionChoice(Payload):
    """A `QuestionChoice` is an answer on offer, with the words for it."""

    answer: Answer
    title: str


class WaitingQuestion(Payload):
    """A `WaitingQuestion` is answered with `holdfast.permission.answer` and its `id`.

    `title` is one line, `detail` the exact operation: a command, or a diff where `language`
    says so. `uri` is the file that would be changed.
    """

    id: str
    run_id: str
    title: str
    detail: str
    language: Literal["", "diff"] = ""
    uri: str | None = None
    choices: tuple[QuestionChoice, ...]


class WaitingQuestions(Payload):
    """`holdfast/questions` carries all that wait, oldest first: each time the whole list.

    A client that declares `waitingQuestions` gets it, and no prompts.
    """

    questions: tuple[WaitingQuestion, ...] = ()


class EventFields(Payload):
    """`EventFields` are values for views with more than text; an Event has few of them.

    `callId` joins a tool call and its result, `questionId` a question and its answer. `reason`
    and `rule` are what a person said with that answer, `permissions` is the mode that the run
    has from here on.
    `cacheHitRate` is the share of a step's prompts that the endpoint had in its cache, 0 to 1.
    `winner` counts from 0, `candidate` from 1. `verdicts` are those of a goal's
    conditions by their ids, `nodes` those of a workflow, from the top of its tree down.
    """

    model_config = ConfigDict(extra="forbid")

    answer: Answer | None = None
    background_id: str | None = None
    attempt: int | None = None
    cache_hit_rate: float | None = None
    call_id: str | None = None
    candidate: int | None = None
    candidates: int | None = None
    cost_usd: float | None = None
    cycle: int | None = None
    max_mode: bool | None = None
    model: str | None = None
    nodes: tuple[WorkflowNodePayload, ...] | None = None
    outcome: RunState | None = None
    path: str | None = None
    permissions: PermissionMode | None = None
    prompt_tokens: int | None = None
    proposes: bool | None = None
    question_id: str | None = None
    reason: str | None = None
    rule: str | None = None
    run_id: str | None = None
    seconds: float | None = None
    step: int | None = None
    tool: str | None = None
    verdicts: dict[str, Verdict] | None = None
    winner: int | None = None


class EventViewPayload(Payload):
    """An Event is put into words for a view of runs.

    `label` is one line, empty if there is nothing to show; `detail` is more of it. An
    Event with the tone `muted` is of interest to a complete log alone.
    """

    label: str
    detail: str = ""
    tone: Tone = "plain"
    fields: EventFields = EventFields()


class EventNotice(Payload):
    """`holdfast/event` carries one Event of a run, its fields in camelCase under `event`.

    `seq` counts from 0 within the run, `at` is ISO 8601. `view` says it in words. Pieces
    of a streaming answer may be left out when the client reads slowly. The Events of a
    subagent, and those of an attempt, name the run that began it as `parentId`. `quiet` at the
    end of a run means that what came of it is said in another way.
    """

    run_id: str
    seq: int
    at: str
    event: dict[str, Any]
    view: EventViewPayload
    parent_id: str | None = None
    quiet: bool | None = None


class SavedDocument(Payload):
    """A `SavedDocument` is a buffer to save, unless it has moved on from this version."""

    uri: str
    version: int


class SaveRequest(Payload):
    """`holdfast/save` has the editor save what a run wrote into buffers; it answers null."""

    documents: tuple[SavedDocument, ...]


class DiagnosticsRequest(Payload):
    """`holdfast/diagnostics` asks about a document, by default about all."""

    uri: str | None = None


class DiagnosticsOfFile(BaseModel):
    """A `DiagnosticsOfFile` has what the editor shows for one file."""

    uri: str
    diagnostics: tuple[WireDiagnostic, ...]


class DiagnosticsReply(BaseModel):
    """A `DiagnosticsReply` is the answer to `holdfast/diagnostics`."""

    items: tuple[DiagnosticsOfFile, ...]
