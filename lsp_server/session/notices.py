"""This module lists all that a session says by itself to whoever shows it.

A front door hands one `Notify` to `open_session` and matches on the kind of the
notice. To say something new: add a case to `Notice`; the type checker finds
every door that has to handle it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lsp_server.domain.events import RecordedEvent
from lsp_server.domain.tasks import RunId

if TYPE_CHECKING:  # Memory may be off, and is opened beside the work.
    from lsp_server.memory.indexing import IndexProgress


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A `RunEvent` is an Event of a run. Ephemeral Events come too, often many a second."""

    run_id: RunId
    recorded: RecordedEvent


@dataclass(frozen=True, slots=True)
class GoalsChanged:
    """A goal, what is known of one, or a question about a check is different now."""


@dataclass(frozen=True, slots=True)
class IndexProgressed:
    """The index of the code is so far; None: no file is being read any more."""

    progress: IndexProgress | None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The model endpoint was found or lost, or memory was opened, closed or lost."""


@dataclass(frozen=True, slots=True)
class ExtensionsChanged:
    """A skill or something else that people bring came, went or changed, or trust in it."""


@dataclass(frozen=True, slots=True)
class InboxChanged:
    """There are other suggestions in the inbox now; `new` of them nobody has seen yet."""

    new: int


Notice: TypeAlias = (
    RunEvent | GoalsChanged | IndexProgressed | StatusChanged | ExtensionsChanged | InboxChanged
)

Notify: TypeAlias = Callable[[Notice], None]
"""Called synchronously on the event loop, so it must not wait. What it raises while a run
works ends that run."""


def ignore(notice: Notice) -> None:
    """Does nothing: a `Notify` for sessions that nobody watches."""
    del notice
