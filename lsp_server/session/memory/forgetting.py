"""Forgetting for good: rows of memory, and the words in the journals that they came from."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.agent.journal import JournalDamaged, is_running, read_ends
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


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of memory went, and in how many journals something was taken out."""

    rows: int
    journals: int


async def forget(memory: SessionMemory, runs: Path, wish: ForgetRequest) -> Forgotten:
    """Both; nothing is done while a run is at work, which would write it again.

    Raises ConfigurationError when the wish is empty or cannot be had now,
    MemoryUnavailable when journals were dealt with and rows could not be.
    """
    if wish == ForgetRequest():
        raise ConfigurationError("say what to forget: pass `id`, `query` or `before`")
    busy = await asyncio.to_thread(
        lambda: [p.parent.name for p in _journals(runs) if is_running(p)]
    )
    if busy:
        raise ConfigurationError(
            f"run {busy[0]} is at work and would write it again; stop it, then forget"
        )
    is_off = memory.state().phase == "off"
    if is_off and memory.is_there:
        raise ConfigurationError(
            "memory is turned off and still holds rows; set memory.enabled to true to forget them"
        )
    wish = await _with_text_of_fact(memory, wish)
    journals = await asyncio.to_thread(_expunge, runs, wish)
    try:
        rows = 0 if is_off else await memory.forget(wish)
    except MemoryUnavailable as error:
        done = f"words were taken out of {journals} journals, but not out of memory"
        raise MemoryUnavailable(f"{done}: {error}") from error
    return Forgotten(rows, journals)


async def _with_text_of_fact(memory: SessionMemory, wish: ForgetRequest) -> ForgetRequest:
    """A fact stands in the journal, too, where it was remembered: by its words, not its id."""
    if wish.id is None or memory.state().phase == "off":
        return wish
    with suppress(MemoryUnavailable):
        found = await (await memory.ready()).reader.get(wish.id)
        if isinstance(found, Fact):
            return replace(wish, id=None, text=found.text)
    return wish


def _expunge(runs: Path, wish: ForgetRequest) -> int:
    if wish.before is not None:
        old = [path for path in _journals(runs) if _ended_before(path, wish.before)]
        for path in old:
            shutil.rmtree(path.parent, ignore_errors=True)
        return len(old)
    run_id, _, name = (wish.id or "").partition("/")
    count = 0
    if wish.text is not None:
        # What checks printed is kept beside the journals.
        redact_document(runs.parent / "goals.json", without_text(wish.text))
    for path in _journals(runs):
        rewrite: Rewrite | None = None
        if wish.text is not None:
            rewrite = without_text(wish.text)
        elif name and path.parent.name == run_id:
            rewrite = without_call(name)
        if rewrite is not None:
            with suppress(JournalDamaged):
                count += redact_journal(path, rewrite)
    return count


def _ended_before(path: Path, before: str) -> bool:
    try:
        first, last = read_ends(path)
    except (JournalDamaged, OSError):
        return False
    return (last[-1] if last else first).at < before


def _journals(runs: Path) -> Iterator[Path]:
    return iter(sorted(runs.glob("*/journal.jsonl")))
