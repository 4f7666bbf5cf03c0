"""This module reads back what happened in a run and its children, in pages, from their journals."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsp_server.agent.journal import CHILDREN, JOURNAL_NAME, records_after
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.events import RecordedEvent
from lsp_server.domain.tasks import RunId
from lsp_server.session.child_runs import run_folder
from lsp_server.session.run_errors import RunNotFound
from lsp_server.session.run_store import RunStore

EVENTS_MAX = 1000
"""How many Events a page has at most."""
PAGE_BYTES_MAX = 2_000_000
"""A page ends behind the Event with which its lines of the journals are as long."""


@dataclass(frozen=True, slots=True)
class RunEventRecord:
    """A `RunEventRecord` is an Event as the journal of `run_id` has it, in a line of `size_bytes`."""

    run_id: RunId
    recorded: RecordedEvent
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """An `EventPage` has some Events of a run and its children, in the order in which they happened.

    `seen` has for each of these runs the number of the last Event on this page or an earlier one:
    the page behind this one begins after them. `has_more` says whether there is one now.
    """

    records: tuple[RunEventRecord, ...]
    seen: Mapping[RunId, int]
    has_more: bool


def read_events(
    store: RunStore, run_id: RunId, after: int | Mapping[RunId, int] = -1, limit: int = 200
) -> EventPage:
    """Reads the Events behind those that were `seen`, `limit` at most. Blocking.

    A number as `after` stands for an Event of the run itself: what came until then is left out.

    Raises RunNotFound, JournalDamaged, FormatTooNew.
    """
    # A run id comes from outside: only its last part is taken as a folder's name.
    run_id = RunId(Path(run_id).name)
    folder = run_folder(store.folder, run_id)
    journals = sorted(folder.glob(f"{CHILDREN}/**/{JOURNAL_NAME}"))
    if not (own := folder / JOURNAL_NAME).exists():
        raise RunNotFound(run_id, "show")
    seen = {} if isinstance(after, int) else dict(after)
    found = heapq.merge(
        *(_records(journal, seen) for journal in (own, *journals)),
        key=lambda record: record.recorded.at,
    )
    if isinstance(after, int) and after >= 0:
        _pass(found, run_id, after, seen)
    return _page(found, seen, min(limit, EVENTS_MAX))


def _records(journal: Path, seen: Mapping[RunId, int]) -> Iterator[RunEventRecord]:
    run_id = RunId(journal.parent.name)
    try:
        for recorded, size_bytes in records_after(journal, seen.get(run_id, -1)):
            yield RunEventRecord(run_id, recorded, size_bytes)
    except OSError as error:
        raise JournalDamaged(f"{journal} cannot be read: {error.strerror or error}") from error


def _pass(
    records: Iterator[RunEventRecord], run_id: RunId, number: int, seen: dict[RunId, int]
) -> None:
    """Takes the records until that of the run itself with this number, and notes them as seen."""
    for record in records:
        seen[record.run_id] = record.recorded.seq
        if record.run_id == run_id and record.recorded.seq >= number:
            return


def _page(records: Iterator[RunEventRecord], seen: Mapping[RunId, int], limit: int) -> EventPage:
    taken: list[RunEventRecord] = []
    size_bytes = 0
    for record in islice(records, limit):
        taken.append(record)
        size_bytes += record.size_bytes
        if size_bytes >= PAGE_BYTES_MAX:
            break
    last = {record.run_id: record.recorded.seq for record in taken}
    return EventPage(tuple(taken), {**seen, **last}, next(records, None) is not None)
