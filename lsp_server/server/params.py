"""What travels with our own commands and methods, camelCase on the wire.

`Arguments` arrive and forbid what they do not know; `Payload`s leave. The names
they travel under are in `protocol.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic.alias_generators import to_camel

from lsp_server.domain.goals import Verdict
from lsp_server.domain.memories import MemoryKind
from lsp_server.domain.permissions import Answer
from lsp_server.domain.tasks import Mode, RunState, When
from lsp_server.wording.event_view import Tone


class CommandParams(BaseModel):
    """The one JSON object that a command takes; all of its keys are optional."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The accepted keys as they are written on the wire."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


Unsigned: TypeAlias = Annotated[StrictInt, Field(ge=0, lt=2**31)]
"""`uinteger` of the editor protocol."""


class WirePosition(BaseModel):
    """A position in the encoding that was agreed on with the client."""

    line: Unsigned
    character: Unsigned


class WireRange(BaseModel):
    """A range of the editor protocol."""

    start: WirePosition
    end: WirePosition


class WireDiagnostic(BaseModel):
    """As much of an editor's diagnostic as a model can use."""

    range: WireRange
    message: str
    severity: Annotated[int, Field(ge=1, le=4)] = 1
    source: str = ""


class NoArguments(CommandParams):
    """For commands that take none."""


class RunStart(CommandParams):
    """Without prompt, goal and place there is nothing to work on."""

    prompt: StrictStr | None = None
    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    range: WireRange | None = None
    diagnostics: tuple[WireDiagnostic, ...] = ()
    mode: Mode = "build"
    max_mode: StrictBool = False
    samples: Annotated[StrictInt, Field(ge=1, le=16)] | None = None


class MaxPropose(CommandParams):
    """As `RunStart`: something to work on, and how many candidates to draw."""

    prompt: StrictStr | None = None
    uri: StrictStr | None = None
    range: WireRange | None = None
    samples: Annotated[StrictInt, Field(ge=1, le=16)] | None = None


class MaxAccept(CommandParams):
    """Without a proposal: the newest; without a candidate, counted from 1: the winner."""

    proposal_id: StrictStr | None = None
    candidate: Annotated[StrictInt, Field(ge=1, le=16)] | None = None


class MaxSwitch(CommandParams):
    """Without a run: the newest at work. Without `to`: the other way round.

    It is a word, since `false` says nothing here.
    """

    run_id: StrictStr | None = None
    to: Literal["on", "off"] | None = None
    samples: Annotated[StrictInt, Field(ge=1, le=16)] | None = None


class RunStop(CommandParams):
    """Without a run: the newest one."""

    run_id: StrictStr | None = None
    all: StrictBool = False


class RunChoice(CommandParams):
    """Names a run; which one is meant without it depends on the command."""

    run_id: StrictStr | None = None


class RunSend(CommandParams):
    """Words for a run that is at work."""

    run_id: StrictStr | None = None
    text: StrictStr | None = None
    when: When = "steer"


class GoalNew(CommandParams):
    """Without anything: a goal to fill in. A range makes what is selected a condition."""

    title: StrictStr | None = None
    conditions: tuple[StrictStr, ...] = ()
    checks: tuple[StrictStr, ...] = ()
    uri: StrictStr | None = None
    range: WireRange | None = None


class GoalCheck(CommandParams):
    """Without a goal: all of the folder that `uri` lies in, or with `all` of every folder."""

    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    all: StrictBool = False


class GoalChoice(CommandParams):
    """Names a goal, or a condition by its id, and perhaps a file of the folder that has it."""

    goal_id: StrictStr | None = None
    uri: StrictStr | None = None
    condition: StrictStr | None = None


class MemorySearch(CommandParams):
    """What is looked for; without words, nothing is found. `path` is workspace-relative.

    This and the others about memory mean the folder that `uri` lies in; without one a
    fact belongs to the folder that is in use, and all else means every folder.
    """

    query: StrictStr | None = None
    uri: StrictStr | None = None
    kind: Literal["code", "action", "fact", "all"] = "all"
    limit: Annotated[StrictInt, Field(ge=1, le=100)] = 10
    path: StrictStr | None = None


class MemoryWhy(CommandParams):
    """A file, and perhaps lines of it that an earlier run changed."""

    uri: StrictStr | None = None
    range: WireRange | None = None


class MemoryRemember(CommandParams):
    """A fact, in a sentence or two."""

    text: Annotated[StrictStr, Field(max_length=2000)] | None = None
    uri: StrictStr | None = None


class MemoryForget(CommandParams):
    """One of them, or several that must all hold; `before` is a date, ISO 8601."""

    id: StrictStr | None = None
    uri: StrictStr | None = None
    query: Annotated[StrictStr, Field(min_length=3)] | None = None
    before: datetime | None = None


class MemoryReindex(CommandParams):
    """With `full` nothing is taken over from the index that is there."""

    full: StrictBool = False
    uri: StrictStr | None = None


class PermissionAnswer(CommandParams):
    """Without `id`: the question that waits, when there is just one."""

    id: StrictStr | None = None
    answer: Answer | None = None


class Payload(BaseModel):
    """Something that we send."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    def wire(self) -> dict[str, Any]:
        """JSON values; what is None is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class MessagePayload(Payload):
    """Something with one sentence for a person."""

    message: str


class Reply(MessagePayload):
    """The result of every command. `state` is the run's, or the session's without one."""

    state: RunState | Literal["idle", "indexing", "error"]
    run_id: str | None = None
    uri: str | None = None
    """The document that the command opens, for clients that cannot be told to."""


class RunEntry(Payload):
    """One line of a list of runs; `started_at` is ISO 8601."""

    run_id: str
    title: str
    state: RunState
    step: int
    started_at: str
    cost_usd: float
    message: str


class RunListReply(Reply):
    """Newest first."""

    runs: tuple[RunEntry, ...] = ()


class GoalEntry(Payload):
    """One condition; `line` counts from 1, `path` is workspace-relative, `uri` the same file."""

    goal_id: str
    title: str
    condition_id: str
    condition: str
    verdict: Verdict
    missing: str
    uri: str
    path: str
    line: int


class GoalListReply(Reply):
    """In the order of the goals file, then comments by path."""

    goals: tuple[GoalEntry, ...] = ()


class MemoryHit(Payload):
    """One thing found. Lines count from 1; scores compare within a kind.

    `provenance` says where it comes from: a run and its step, or who said so and
    what shows it. Code has a `uri` and a `range`.
    """

    id: str
    kind: MemoryKind
    score: float
    title: str
    text: str
    path: str | None = None
    uri: str | None = None
    range: WireRange | None = None
    provenance: str = ""


class MemorySearchReply(Reply):
    """Best first within each kind: code, actions, facts."""

    hits: tuple[MemoryHit, ...] = ()


class ForgetReply(Reply):
    """How many rows went, and how many journals lost words."""

    rows: int = 0
    journals: int = 0


class IndexState(Payload):
    """`pending` vectors are still to be made; words are found before."""

    files: int = 0
    pending: int = 0


class MemoryStatusReply(Reply):
    """`skipped` counts files by the reason why they are not searched."""

    phase: str
    writes: bool = False
    index: IndexState = IndexState()
    chunks: int = 0
    actions: int = 0
    facts: int = 0
    bytes_on_disk: int | None = None
    failed_optimizes: int = 0
    skipped: dict[str, int] = Field(default_factory=dict)
    problems: tuple[str, ...] = ()


class GoalCounts(Payload):
    """Goals by what is known of them; the rest of `total` is stale or not verified."""

    met: int = 0
    unmet: int = 0
    blocked: int = 0
    total: int = 0


class Tokens(Payload):
    """`cached` is part of `input`."""

    input: int = 0
    cached: int = 0
    output: int = 0


class Status(MessagePayload):
    """`holdfast/status`, and the reply to `holdfast.status`."""

    state: Literal["idle", "indexing", "running", "waiting", "error"]
    run_id: str | None = None
    title: str | None = None
    step: int | None = None
    goals: GoalCounts = GoalCounts()
    tokens: Tokens = Tokens()
    cost_usd: float | None = None
    index: IndexState = IndexState()
    endpoint: str | None = None
    line: str = ""
    """Goals and the run, ready for a status line; empty when there is nothing to say."""
    max_mode: bool | None = None
    """True while the run draws several candidates for each step."""


class EventViewPayload(Payload):
    """An Event in words: what a view of runs shows.

    `label` is one line, empty if there is nothing to show; `detail` is more of it.
    `muted` is what only a complete log shows. `fields` are values for views with more
    than text, such as `step`, `callId`, `costUsd`.
    """

    label: str
    detail: str = ""
    tone: Tone = "plain"
    fields: dict[str, Any] = Field(default_factory=dict)


class EventNotice(Payload):
    """`holdfast/event`: one Event of a run, its fields in camelCase under `event`.

    `seq` counts from 0 within the run, `at` is ISO 8601. `view` says it in words. Pieces
    of a streaming answer may be left out when the client reads slowly.
    """

    run_id: str
    seq: int
    at: str
    event: dict[str, Any]
    view: EventViewPayload


class DiagnosticsRequest(Payload):
    """`holdfast/diagnostics`; without `uri` those of all files are meant."""

    uri: str | None = None


class DiagnosticsOfFile(BaseModel):
    """What the editor shows for one file."""

    uri: str
    diagnostics: tuple[WireDiagnostic, ...]


class DiagnosticsReply(BaseModel):
    """The answer to `holdfast/diagnostics`."""

    items: tuple[DiagnosticsOfFile, ...]
