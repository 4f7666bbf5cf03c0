"""This module reads past runs from their journals, for evolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lsp_server.agent.action_fold import action_rows
from lsp_server.agent.journal import is_running, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.events import (
    CyclePacked,
    RecordedEvent,
    RunStarted,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.ids import Id
from lsp_server.domain.memories import ActionRecord
from lsp_server.domain.permission_events import PermissionAnswered
from lsp_server.domain.tools import parse_arguments
from lsp_server.evolution.past_run import PERSON, PastRun, past_run
from lsp_server.session.run_store import RunStore
from lsp_server.tools.skill import SkillTool

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
            return past_run(
                (*action_rows(past), *_denials(past)),
                _exit_statuses(past),
                told_facts=_told_facts(past),
                loaded_skills=_loaded_skills(past),
            )
    return None


def _denials(past: Sequence[RecordedEvent]) -> Iterator[ActionRecord]:
    """What a person said when they denied something, as rows of what they said."""
    run_id = _run_id(past)
    for one in past:
        match one.event:
            case PermissionAnswered(by="person", reason=reason) if reason.strip():
                said = " ".join(reason.split())
                yield ActionRecord(f"{run_id}/said-{one.seq}", run_id, 0, one.at, PERSON, said)
            case _:
                pass


def _run_id(past: Sequence[RecordedEvent]) -> Id:
    return next((one.event.run_id for one in past if isinstance(one.event, RunStarted)), "")


def _told_facts(past: Sequence[RecordedEvent]) -> frozenset[Id]:
    packed = (one.event for one in past if isinstance(one.event, CyclePacked))
    return frozenset(part.id for event in packed for part in event.taken if part.kind == "fact")


def _loaded_skills(past: Sequence[RecordedEvent]) -> frozenset[str]:
    calls = (one.event.call for one in past if isinstance(one.event, ToolCalled))
    named = (parse_arguments(c.arguments) for c in calls if c.name == SkillTool.spec.name)
    return frozenset(str(one["name"]) for one in named if isinstance(one, dict) and "name" in one)


def _exit_statuses(past: Sequence[RecordedEvent]) -> Mapping[Id, int]:
    """The exit statuses of commands, by the ids that their rows have."""
    run_id = _run_id(past)
    return {
        f"{run_id}/{event.call_id}": event.result.exit_status
        for event in (recorded.event for recorded in past)
        if isinstance(event, ToolReturned) and event.result.exit_status is not None
    }
