"""This module is `holdfast index`, `search`, `remember` and `forget`: memory without an editor."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from lsp_server.cli.command_session import command_session, load_settings
from lsp_server.cli.exit_status import UsageError, run_command, workspace_folder
from lsp_server.domain.memories import MEMORY_KINDS, CodeChunk, Hit, MemoryKind, Query
from lsp_server.domain.permissions import visible
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.memory.memory import Memory
from lsp_server.session.memory.hit_format import hit_excerpt, hit_source, hit_title, memory_text
from lsp_server.session.notices import IndexProgressed, Notice, Notify, ignore
from lsp_server.session.session import Session
from lsp_server.text.count import count_of
from lsp_server.text.excerpt import split_lines

EXCERPT_LINES = 6
FORGOTTEN_CHARS_MIN = 3
"""A shorter text is in everything."""
POLL_SECONDS = 0.5
"""How often the bar of the vectors moves."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a stage, how many are done, and of how many."""


def index(workspace: Path, *, full: bool, words: bool) -> int:
    """Brings the index up to the disk, with `full` from nothing; the exit status.

    With `words` it is left to later sessions to add what the words mean.
    """
    return run_quietly(_index(workspace, full=full, words=words))


def search(workspace: Path, query: Query, kind: str, *, as_json: bool) -> int:
    """Prints hits of one kind of memory or `all`; 0 when there are some, else 1."""
    return run_quietly(_search(workspace, query, kind, as_json=as_json))


def remember(workspace: Path, text: str) -> int:
    """Keeps a fact; the exit status."""
    return run_quietly(_remember(workspace, text))


def forget(workspace: Path, text: str | None, entry_id: str | None, before: datetime | None) -> int:
    """Removes for good and says how much; 0 when there was something, else 1."""
    return run_quietly(_forget(workspace, text, entry_id, before))


@asynccontextmanager
async def memory_session(
    workspace: Path, notify: Notify = ignore, data: Path | None = None
) -> AsyncIterator[Session]:
    """Opens a session that indexes only when it is asked to. Raises UsageError without a folder."""
    folder = workspace_folder(workspace)
    # A command that indexes does it by itself and shows how far it is.
    settings = load_settings(folder, {"memory": {"index_on_start": False}})
    async with command_session(folder, settings, notify=notify, data=data) as session:
        yield session


async def print_hits(session: Session, query: Query, *, as_json: bool = False) -> int:
    """Prints hits; 0 when there are some, else 1. Raises MemoryUnavailable."""
    # What earlier runs did may not have been taken in yet: nobody kept a server running.
    await session.memory.catch_up()
    if "code" in query.kinds:
        await session.memory.index()
    hits = await session.memory.search(query)
    for hit in hits:
        sys.stdout.write(_line(hit) if as_json else _shown(hit))
    pending = (await session.memory.ready()).status().pending
    if pending and not as_json:
        missing = f"{count_of(pending, 'vector')} still to be made; `holdfast index` does that"
        sys.stderr.write(f"(by words mostly: {missing})\n")
    if not hits and not as_json:
        sys.stderr.write("nothing found; try other words\n")
    return 0 if hits else 1


def run_quietly(work: Coroutine[Any, Any, int]) -> int:
    """Runs a command without a log; the exit status."""
    # What goes wrong is one sentence on standard error, and needs no log.
    logging.getLogger("lsp_server").addHandler(logging.NullHandler())
    return run_command(work, stopped="stopped; what was indexed stays")


async def _index(workspace: Path, *, full: bool, words: bool) -> int:
    with progress_bar() as progress:

        def notify(notice: Notice) -> None:
            if isinstance(notice, IndexProgressed) and notice.progress is not None:
                progress("files", notice.progress.done, notice.progress.total)

        async with memory_session(workspace, notify) as session:
            done = await session.memory.index(full=full)
            memory = await session.memory.ready()
            if not words:
                await _make_vectors(session, memory, progress)
            status = await memory.measure()
            known = memory_text(session.memory.state())
    changed = (
        f"{count_of(done.changed, 'file')} read and {done.removed} gone in {done.seconds:.1f} s"
    )
    sys.stdout.write(f"{changed}; {visible(known)}\n")
    for reason, count in sorted(status.skipped.items()):
        sys.stdout.write(f"  not searched, {count_of(count, 'file')}: {visible(reason)}\n")
    return 0


async def _make_vectors(session: Session, memory: Memory, progress: Progress) -> None:
    settled = asyncio.ensure_future(session.memory.settle())
    # More become known while they are made, so the end of the bar moves.
    most = memory.status().pending
    while not settled.done():
        await asyncio.wait({settled}, timeout=POLL_SECONDS)
        pending = memory.status().pending
        most = max(most, pending)
        progress("vectors", most - pending, most)
    settled.result()


async def _search(workspace: Path, query: Query, kind: str, *, as_json: bool) -> int:
    if not query.text.strip():
        raise UsageError("say what to look for")
    kinds: tuple[MemoryKind, ...] = tuple(one for one in MEMORY_KINDS if kind in (one, "all"))
    async with memory_session(workspace) as session:
        return await print_hits(session, replace(query, kinds=kinds), as_json=as_json)


async def _remember(workspace: Path, text: str) -> int:
    if not text.strip():
        raise UsageError("say what to remember")
    async with memory_session(workspace) as session:
        fact = await session.memory.facts.remember(text)
    sys.stdout.write(f"remembered ({fact.id}): {visible(fact.text)}\n")
    return 0


async def _forget(
    workspace: Path, text: str | None, entry_id: str | None, before: datetime | None
) -> int:
    if text is not None and len(text.strip()) < FORGOTTEN_CHARS_MIN:
        raise UsageError(f"say what to forget in {FORGOTTEN_CHARS_MIN} characters at least")
    utc = before.astimezone(UTC).isoformat() if before is not None else None
    async with memory_session(workspace) as session:
        gone = await session.forget(ForgetRequest(entry_id, text, utc))
    sys.stdout.write(
        f"forgot {count_of(gone.rows, 'row')} of memory and words in {count_of(gone.journals, 'journal')}\n"
    )
    return 0 if gone.rows or gone.journals else 1


def _line(hit: Hit) -> str:
    origin = {"repository": hit.repository, "commit": hit.commit} if hit.repository else {}
    return json.dumps({"score": hit.score, **origin, **asdict(hit.found)}) + "\n"


def _shown(hit: Hit) -> str:
    found = hit.found
    text = found.text if isinstance(found, CodeChunk) else hit_excerpt(found)
    body = [visible(line) for line in split_lines(text)[:EXCERPT_LINES]]
    head = visible(hit_title(found))
    if not isinstance(found, CodeChunk):
        head += f"  [{visible(hit_source(found))}]"
    elif hit.repository:
        head = f"{visible(hit.repository)} at {hit.commit[:12]}: {head}"
    return "\n".join([head, *(f"    {line}" for line in body), ""]) + "\n"


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Shows a bar on a terminal, a line for each stage elsewhere."""
    if not sys.stderr.isatty():
        named: set[str] = set()

        def name_once(stage: str, _: int, total: int) -> None:
            if total and stage not in named:
                named.add(stage)
                sys.stderr.write(f"indexing: {total} {stage}\n")

        yield name_once
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield move
