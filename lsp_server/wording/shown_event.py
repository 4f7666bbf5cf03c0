"""This module has the shape in which an Event is shown to a person, and makes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from lsp_server.domain.events import Event
from lsp_server.text.truncate import one_line
from lsp_server.wording.event_labels import LABEL_CHARS_MAX

Tone: TypeAlias = Literal["plain", "good", "bad", "waiting", "muted"]
"""How a view may colour an Event. `waiting`: the run waits for a person, the endpoint or a
tool. `muted`: only a complete log shows it."""

OUTCOME_TONES: Mapping[str, Tone] = {
    "achieved": "good",
    "unmet": "bad",
    "blocked": "waiting",
    "failed": "bad",
}
"""How the end of a run is coloured; the others are plain."""


@dataclass(frozen=True, slots=True)
class EventView:
    """An `EventView` is an Event as a person is shown it.

    `kind` is the Event's own. `label` is one line of at most LABEL_CHARS_MAX characters,
    empty if there is nothing to show. `detail` is more of it, Markdown or plain text of
    any length, empty if the label says it all. `fields` are the few values that a view
    with more than text needs, JSON values; `EventFields` of the server lists them.
    """

    kind: str
    label: str
    detail: str = ""
    tone: Tone = "plain"
    fields: Mapping[str, Any] = field(default_factory=dict)


def shown(
    event: Event, label: str = "", detail: str = "", tone: Tone = "plain", **fields: Any
) -> EventView:
    """Returns an Event with its words and the fields that a view needs."""
    line = one_line(label, LABEL_CHARS_MAX)
    # What is cut off the label must still be readable somewhere.
    if not detail and len(label) > LABEL_CHARS_MAX:
        detail = label
    known = {name: value for name, value in fields.items() if value is not None}
    return EventView(event.kind, line, detail, tone, known)
