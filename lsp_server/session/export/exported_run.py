"""This module reads a run with its children for those who write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from lsp_server.agent.journal import replay
from lsp_server.agent.rewinding import counted
from lsp_server.domain.events import Event, RecordedEvent, RunStarted
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import child_ids
from lsp_server.session.run_store import RunStore

T = TypeVar("T")

CHILDREN_DEPTH_MAX = 8
"""Deeper children are left out: nothing makes them, so the folders are not ours."""


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """An `ExportedRun` is what counts of a run's journal, with the runs that it began."""

    run_id: RunId
    records: tuple[RecordedEvent, ...]
    children: tuple[ExportedRun, ...] = ()

    @property
    def start(self) -> RunStarted | None:
        """Returns how it began; None where the journal ends before that."""
        return next((one for one in self.events if isinstance(one, RunStarted)), None)

    @property
    def model_name(self) -> str:
        """Returns the name of its model, without the address that it was asked at; "" if unknown."""
        described = self.start.model if self.start is not None else ""
        return described.rpartition(" at ")[0] or described

    @property
    def events(self) -> Iterator[Event]:
        """Yields the Events in their order."""
        return (record.event for record in self.records)


def read_run(
    store: RunStore, run_id: RunId, clean: Callable[[Event], Event], depth: int = 0
) -> ExportedRun:
    """Reads a run and its children, oldest first; `clean` takes secrets out of an Event. Blocking.

    Raises JournalDamaged, OSError.
    """
    records = tuple(
        replace(record, event=clean(record.event))
        for record in counted(replay(store.journal(run_id)))
    )
    children = child_ids(store.folder, run_id) if depth < CHILDREN_DEPTH_MAX else ()
    return ExportedRun(
        run_id,
        records,
        tuple(read_run(store, child, clean, depth + 1) for child in children),
    )
