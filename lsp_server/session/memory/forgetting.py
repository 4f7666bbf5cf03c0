"""This module forgets for good: rows of memory, and the words of journals they came from."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.agent.journal import is_running, read_ends
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable
from lsp_server.domain.memories import Fact
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.session.memory.journal_redaction import (
    Rewrite,
    redact_document,
    redact_journal,
    without_call,
    without_text,
)
from lsp_server.session.memory.session_memory import SessionMemory
from lsp_server.session.run_store import RunStore
from lsp_server.text.count import count_of

UNREAD_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`Forgotten` counts the rows that were removed, and the journals in which something was."""

    rows: int
    journals: int


async def forget(memory: SessionMemory, runs: Path, request: ForgetRequest) -> Forgotten:
    """Removes rows and words; does nothing while a run works, which would write them again.

    `runs` is the folder with the journals. Raises ConfigurationError when the request
    is empty, cannot be met now, or not in journals that cannot be read, MemoryUnavailable when journals were dealt with
    and rows could not be.
    """
    if request == ForgetRequest():
        raise ConfigurationError("say what to forget: pass `id`, `query` or `before`")
    busy = await asyncio.to_thread(
        lambda: [p.parent.name for p in _journals(runs) if is_running(p)]
    )
    if busy:
        raise ConfigurationError(
            f"run {busy[0]} is at work and would write it again; stop it, then forget"
        )
    is_off = memory.state().phase == "off"
    if is_off and memory.opener.has_data():
        raise ConfigurationError(
            "memory is turned off and still holds rows; set memory.enabled to true to forget them"
        )
    request = await _by_words_of_fact(memory, request)
    # Journals come first: what they still had, memory would learn again.
    journals, unread = await asyncio.to_thread(_rewrite_journals, runs, request)
    try:
        rows = 0 if is_off else await _forget_rows(memory, request)
    except MemoryUnavailable as error:
        done = f"words were taken out of {count_of(journals, 'journal')}, but not out of memory"
        raise MemoryUnavailable(f"{done}: {error}") from error
    if unread:
        raise ConfigurationError(
            f"forgot {count_of(rows, 'row')} of memory and words in {count_of(journals, 'journal')}; what is in "
            f"{', '.join(unread[:UNREAD_SHOWN_MAX])} could not be read and stays: "
            "update Holdfast, or remove these runs"
        )
    return Forgotten(rows, journals)


async def _forget_rows(memory: SessionMemory, request: ForgetRequest) -> int:
    """Removes rows so that they do not come back."""
    # Rows that come from journals later would not be forgotten.
    opened = await memory.ready()
    await memory.catch_up()
    before = await opened.reader.lasting_ids()
    rows = await opened.records.forget(request)
    gone = before - await opened.reader.lasting_ids()
    await asyncio.to_thread(memory.fact_file.forget, gone)
    return rows


async def _by_words_of_fact(memory: SessionMemory, request: ForgetRequest) -> ForgetRequest:
    """Returns the request for a fact by its text, since a journal has its words but not its id."""
    if request.id is None or memory.state().phase == "off":
        return request
    with suppress(MemoryUnavailable):
        found = await (await memory.ready()).reader.get(request.id)
        if isinstance(found, Fact):
            return replace(request, id=None, text=found.text)
    return request


def _rewrite_journals(runs: Path, request: ForgetRequest) -> tuple[int, list[str]]:
    """Returns how many journals were changed or removed, and the runs that cannot be read."""
    unread: list[str] = []
    if request.before is not None:
        old = [path for path in _journals(runs) if _ended_before(path, request.before, unread)]
        for path in old:
            shutil.rmtree(path.parent, ignore_errors=True)
        return len(old), unread
    run_id, _, name = (request.id or "").partition("/")
    count = 0
    if request.text is not None:
        # What checks printed is kept beside the journals.
        redact_document(runs.parent / "goals.json", without_text(request.text))
    for path in _journals(runs):
        rewrite: Rewrite | None = None
        if request.text is not None:
            rewrite = without_text(request.text)
        elif name and path.parent.name == run_id:
            rewrite = without_call(name)
        if rewrite is not None:
            try:
                count += redact_journal(path, rewrite)
            except (JournalDamaged, OSError):
                unread.append(path.parent.name)
    return count, unread


def _ended_before(path: Path, before: str, unread: list[str]) -> bool:
    try:
        first, last = read_ends(path)
    except (JournalDamaged, OSError):
        if path.stat().st_size:
            unread.append(path.parent.name)
        return False
    return (last[-1] if last else first).at < before


def _journals(runs: Path) -> Iterator[Path]:
    return iter(RunStore(runs).journals())
