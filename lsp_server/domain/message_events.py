"""This module defines the Events of messages that a person writes to a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.images import Image
from lsp_server.domain.tasks import When


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A person wrote to the run; `when` says whether the model reads it soon or at the end.

    `steer`: before the next tool call. `queue`: when the model wants to stop.
    """

    text: str
    when: When
    images: tuple[Image, ...] = ()
    kind: Literal["message_received"] = "message_received"


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A person's hook kept a message of theirs from the model; `reason` says why."""

    text: str
    reason: str
    kind: Literal["message_refused"] = "message_refused"
