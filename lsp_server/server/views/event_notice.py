"""This module makes the payload of `holdfast/event`: an Event, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic.alias_generators import to_camel

from lsp_server.domain.events import Event, RecordedEvent, Streamed
from lsp_server.domain.tasks import RunId
from lsp_server.server.params.method_params import EventFields, EventNotice, EventViewPayload
from lsp_server.session.child_runs import parent_id
from lsp_server.text.truncate import truncate
from lsp_server.wording.event_view import view_of

DETAIL_CHARS_MAX = 4000
"""The Event itself has the whole text."""

_NO_WORDS = EventViewPayload(label="")


def event_notice(
    run_id: RunId, recorded: RecordedEvent, *, quiet: bool | None = None
) -> EventNotice:
    """Makes the payload for an Event of a run, for clients that declared `event`."""
    return EventNotice(
        run_id=run_id,
        seq=recorded.seq,
        at=recorded.at,
        event=_camel_case(asdict(recorded.event)),
        view=_view_payload(recorded.event),
        parent_id=parent_id(run_id),
        quiet=quiet,
    )


def _view_payload(event: Event) -> EventViewPayload:
    # Thousands of pieces come in a run, and nobody shows them in words.
    if isinstance(event, Streamed):
        return _NO_WORDS
    view = view_of(event)
    return EventViewPayload(
        label=view.label,
        detail=truncate(view.detail, DETAIL_CHARS_MAX),
        tone=view.tone,
        fields=EventFields(**view.fields),
    )


def _camel_case(value: Any) -> Any:
    """The value with the keys of its objects as the wire spells them."""
    if isinstance(value, Mapping):
        return {to_camel(key): _camel_case(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_camel_case(item) for item in value]
    return value
