"""What memory can learn from before it was opened: journals of runs, and the git history."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from lsp_server.agent.action_fold import action_rows
from lsp_server.agent.journal import is_running, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.events import RecordedEvent
from lsp_server.domain.memories import ActionRecord
from lsp_server.memory.memory import Memory
from lsp_server.redaction.redactor import Redactor
from lsp_server.workspace.git_log import Commit, read_commits

RUNS_MAX = 200
"""The newest of those that memory does not know to have ended."""


async def learn_runs(memory: Memory, runs: Path) -> None:
    """Takes in what journals tell and memory does not know. Raises MemoryUnavailable."""
    known = await memory.ended_runs()
    journals = await asyncio.to_thread(_journals, runs)
    unknown = [path for path in journals if path.parent.name not in known]
    for path in unknown[-RUNS_MAX:]:
        for row in await asyncio.to_thread(_rows, path):
            memory.record(row)


async def learn_commits(
    memory: Memory,
    root: Path,
    commits_max: int,
    redactor: Redactor,
    forgotten: frozenset[str] = frozenset(),
) -> None:
    """The project's own history, so that memory is of use on the first day.

    Raises MemoryUnavailable.
    """
    found = await read_commits(root, commits_max) if commits_max else ()
    known = forgotten | (await memory.commits() if found else frozenset())
    for commit in found:
        row = _row_of(commit)
        if row.id not in known:
            memory.record(redactor.about(row))


def past_events(journal: Path, before_seq: int | None = None) -> list[RecordedEvent]:
    """What a journal holds before a place; nothing when it cannot be read. Blocking."""
    with suppress(OSError, JournalDamaged):
        return [one for one in replay(journal) if before_seq is None or one.seq < before_seq]
    return []


def _rows(journal: Path) -> tuple[ActionRecord, ...]:
    return action_rows(past_events(journal))


def _journals(runs: Path) -> list[Path]:
    """Of runs that no process is working on, oldest first."""
    return [path for path in sorted(runs.glob("*/journal.jsonl")) if not is_running(path)]


def _row_of(commit: Commit) -> ActionRecord:
    """A commit as an action of its own run."""
    return ActionRecord(
        id=f"git/{commit.id}",
        run_id=f"git/{commit.id[:12]}",
        step=0,
        at=commit.at,
        tool="commit",
        title=commit.subject,
        outcome="ok",
        files=commit.files,
        reason=commit.body,
        pinned=True,
    )
