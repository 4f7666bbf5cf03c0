"""This module has the shapes of our own methods, which only clients that declare them get."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from lsp_server.server.params.base import MessagePayload, Payload, WireDiagnostic
from lsp_server.wording.event_view import Tone


class GoalCounts(Payload):
    """Goals by what is known of them; the rest of `total` is stale or not verified."""

    met: int = 0
    unmet: int = 0
    blocked: int = 0
    total: int = 0


class Tokens(Payload):
    """The tokens of a run; `cached` is part of `input`."""

    input: int = 0
    cached: int = 0
    output: int = 0


class IndexState(Payload):
    """How many files are indexed; `pending` vectors are still to be made."""

    files: int = 0
    pending: int = 0


SessionState: TypeAlias = Literal["idle", "indexing", "running", "waiting", "error"]


class Status(MessagePayload):
    """`holdfast/status`, and the reply to `holdfast.status`.

    `line` has goals and the run, ready for a status line, and is empty when there is
    nothing to say. `max_mode` is True while the run samples several candidates a step.
    """

    state: SessionState
    line: str = ""
    run_id: str | None = None
    title: str | None = None
    step: int | None = None
    goals: GoalCounts = GoalCounts()
    tokens: Tokens = Tokens()
    cost_usd: float | None = None
    index: IndexState = IndexState()
    endpoint: str | None = None
    max_mode: bool | None = None


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
    """`holdfast/diagnostics`: the document that is meant, all documents by default."""

    uri: str | None = None


class DiagnosticsOfFile(BaseModel):
    """The diagnostics that the editor shows for one file."""

    uri: str
    diagnostics: tuple[WireDiagnostic, ...]


class DiagnosticsReply(BaseModel):
    """The answer to `holdfast/diagnostics`."""

    items: tuple[DiagnosticsOfFile, ...]
