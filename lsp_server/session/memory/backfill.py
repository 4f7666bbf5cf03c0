"""This module lets memory learn what happened before it was opened, from journals and git."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.agent.action_fold import action_rows
from lsp_server.agent.journal import is_running, replay
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.events import RecordedEvent
from lsp_server.domain.memories import COMMIT, ActionRecord
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.memory.changed_lines import ChangedLines
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.git.git_log import Commit, read_commits

if TYPE_CHECKING:  # Memory may be off, and is opened beside the work.
    from lsp_server.memory.memory import Memory

RUNS_MAX = 200
"""So many of the newest runs are learned that memory does not know to their end."""


class Backfill:
    """Takes in what memory does not know; `runs` is the folder with the journals."""

    def __init__(
        self,
        runs: Path,
        root: Path,
        fact_file: FactFile,
        changed_lines: ChangedLines,
        redactor: Redactor,
        commands: CommandRunner,
    ) -> None:
        self._runs = runs
        self._root = root
        self._fact_file = fact_file
        self._changed_lines = changed_lines
        self._redactor = redactor
        self._commands = commands

    async def learn(self, memory: Memory, commits_max: int) -> None:
        """Brings memory and what follows from it up to what happened before it was opened.

        Up to `commits_max` commits are taken in. Raises MemoryUnavailable.
        """
        for change in await memory.reader.changes():
            self._changed_lines.add(change)
        await memory.records.restore(await asyncio.to_thread(self._fact_file.facts))
        await learn_runs(memory, self._runs)
        # Facts and runs that were forgotten are in no file any more; commits still are in git.
        forgotten = await asyncio.to_thread(self._fact_file.forgotten)
        commits = await read_commits(self._root, commits_max, self._commands) if commits_max else ()
        await learn_commits(memory, commits, self._redactor, forgotten)


async def learn_runs(memory: Memory, runs: Path) -> None:
    """Takes in the journals of runs that memory does not know to their end.

    Raises MemoryUnavailable.
    """
    known = await memory.reader.ended_runs()
    journals = await asyncio.to_thread(_journals, runs)
    # Runs that were cut short count as unknown each time, and give the same rows.
    unknown = [path for path in journals if path.parent.name not in known]
    for path in unknown[-RUNS_MAX:]:
        for row in await asyncio.to_thread(_rows, path):
            memory.records.add(row)


async def learn_commits(
    memory: Memory,
    commits: Sequence[Commit],
    redactor: Redactor,
    forgotten: frozenset[str] = frozenset(),
) -> None:
    """Takes in commits of the project, so that memory is of use on the first day.

    `forgotten` are the ids of rows that do not come back. Raises MemoryUnavailable.
    """
    known = forgotten | (await memory.reader.commits() if commits else frozenset())
    for commit in commits:
        row = _row_of(commit)
        if row.id not in known:
            memory.records.add(redactor.about(row))


def past_events(journal: Path, before_seq: int | None = None) -> list[RecordedEvent]:
    """Returns the Events of a journal before a number; none when it cannot be read. Blocking."""
    with suppress(OSError, JournalDamaged):
        return [one for one in replay(journal) if before_seq is None or one.seq < before_seq]
    return []


def _rows(journal: Path) -> tuple[ActionRecord, ...]:
    return action_rows(past_events(journal))


def _journals(runs: Path) -> list[Path]:
    """Returns the journals on which no process works, oldest first."""
    return [path for path in RunStore(runs).journals() if not is_running(path)]


def _row_of(commit: Commit) -> ActionRecord:
    """Returns a commit as an action of a run of its own."""
    return ActionRecord(
        id=f"git/{commit.id}",
        run_id=f"git/{commit.id[:12]}",
        step=0,
        at=commit.at,
        tool=COMMIT,
        title=commit.subject,
        outcome="ok",
        files=commit.files,
        reason=commit.body,
        pinned=True,  # History does not age.
    )
