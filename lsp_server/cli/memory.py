"""This module is `holdfast index` and `search`: memory without an editor, and without a session."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

from lsp_server.assemble.session_memory import open_session_memory
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import UsageError, run_command, workspace_folder
from lsp_server.domain.memories import MEMORY_KINDS, CodeChunk, Hit, MemoryKind, Query
from lsp_server.domain.permissions import visible
from lsp_server.session.memory import SessionMemory
from lsp_server.session.memory.hit_format import (
    hit_excerpt,
    hit_place,
    hit_source,
    hit_title,
    memory_text,
)
from lsp_server.session.notices import IndexProgressed, Notice, Notify, ignore
from lsp_server.text.count import count_of
from lsp_server.text.excerpt import split_lines

EXCERPT_LINES = 6
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


@asynccontextmanager
async def opened_memory(
    workspace: Path, notify: Notify = ignore, data: Path | None = None
) -> AsyncIterator[SessionMemory]:
    """Opens a memory that indexes only when it is asked to. Raises UsageError without a folder."""
    folder = workspace_folder(workspace)
    # A command that indexes does it by itself and shows how far it is.
    settings = load_settings(folder, {"memory": {"index_on_start": False}})
    memory = open_session_memory(folder, settings, notify, data=data)
    try:
        yield memory
    finally:
        await memory.close()


async def print_hits(memory: SessionMemory, query: Query, *, as_json: bool = False) -> int:
    """Prints hits; 0 when there are some, else 1. Raises MemoryUnavailable."""
    # What earlier runs did may not have been taken in yet: nobody kept a server running.
    await memory.catch_up()
    if "code" in query.kinds:
        await memory.index()
    hits = await memory.search(query)
    for hit in hits:
        sys.stdout.write(_line(hit) if as_json else _shown(hit))
    pending = (await memory.ready()).status().pending
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

        async with opened_memory(workspace, notify) as memory:
            done = await memory.index(full=full)
            if not words:
                await _make_vectors(memory, progress)
            status = await (await memory.ready()).measure()
            known = memory_text(memory.state())
    changed = (
        f"{count_of(done.changed, 'file')} read and {done.removed} gone in {done.seconds:.1f} s"
    )
    sys.stdout.write(f"{changed}; {visible(known)}\n")
    for reason, count in sorted(status.skipped.items()):
        sys.stdout.write(f"  not searched, {count_of(count, 'file')}: {visible(reason)}\n")
    return 0


async def _make_vectors(memory: SessionMemory, progress: Progress) -> None:
    opened = await memory.ready()
    settled = asyncio.ensure_future(memory.settle())
    # More become known while they are made, so the end of the bar moves.
    most = opened.status().pending
    while not settled.done():
        await asyncio.wait({settled}, timeout=POLL_SECONDS)
        pending = opened.status().pending
        most = max(most, pending)
        progress("vectors", most - pending, most)
    settled.result()


async def _search(workspace: Path, query: Query, kind: str, *, as_json: bool) -> int:
    if not query.text.strip():
        raise UsageError("say what to look for")
    kinds: tuple[MemoryKind, ...] = tuple(one for one in MEMORY_KINDS if kind in (one, "all"))
    async with opened_memory(workspace) as memory:
        return await print_hits(memory, replace(query, kinds=kinds), as_json=as_json)


def _line(hit: Hit) -> str:
    origin = {"repository": hit.repository, "commit": hit.commit} if hit.repository else {}
    return json.dumps({"score": hit.score, **origin, **asdict(hit.found)}) + "\n"


def _shown(hit: Hit) -> str:
    found = hit.found
    text = found.text if isinstance(found, CodeChunk) else hit_excerpt(found)
    body = [visible(line) for line in split_lines(text)[:EXCERPT_LINES]]
    head = visible(hit_place(hit) + hit_title(found))
    if not isinstance(found, CodeChunk):
        head += f"  [{visible(hit_source(found))}]"
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
