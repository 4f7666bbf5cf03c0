"""This module reads past runs from their journals, for evolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lsp_server.agent.action_fold import action_rows
from lsp_server.agent.journal import is_running, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.events import RecordedEvent, RunStarted, ToolReturned
from lsp_server.domain.ids import Id
from lsp_server.evolution.past_run import PastRun, past_run
from lsp_server.session.run_store import RunStore

RUNS_MAX = 200
"""So many of the newest runs are looked at; what was true before shows in them, too."""
JOURNAL_BYTES_MAX = 50_000_000
"""A longer journal is left out, as reading it takes seconds."""


def read_past_runs(store: RunStore) -> tuple[PastRun, ...]:
    """Returns the runs that ended, oldest first; a journal that cannot be read is left out. Blocking."""
    runs = map(_read, store.journals()[-RUNS_MAX:])
    return tuple(run for run in runs if run is not None)


def _read(journal: Path) -> PastRun | None:
    with suppress(OSError, JournalDamaged):
        if journal.stat().st_size <= JOURNAL_BYTES_MAX and not is_running(journal):
            past = replay(journal)
            return past_run(action_rows(past), _exit_statuses(past))
    return None


def _exit_statuses(past: Sequence[RecordedEvent]) -> Mapping[Id, int]:
    """The exit statuses of commands, by the ids that their rows have."""
    run_id = next((e.event.run_id for e in past if isinstance(e.event, RunStarted)), "")
    return {
        f"{run_id}/{event.call_id}": event.result.exit_status
        for event in (recorded.event for recorded in past)
        if isinstance(event, ToolReturned) and event.result.exit_status is not None
    }
