"""`holdfast index` and `holdfast search`: memory without an editor."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from lsp_server.assemble import open_session
from lsp_server.cli.error_output import print_error
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.memories import MEMORY_KINDS, CodeChunk, Hit, MemoryKind, Query
from lsp_server.domain.permissions import visible
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.session.memory.hit_format import hit_excerpt, hit_source, hit_title, memory_text
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents

USAGE_ERROR = 2
STOPPED = 130
EXCERPT_LINES = 6
FORGOTTEN_CHARS_MIN = 3
"""Fewer stand in everything."""
LOOK_SECONDS = 0.5

Report: TypeAlias = Callable[[str, int, int], None]
"""What is done, how many of how many."""


def index(workspace: Path, *, full: bool, words: bool) -> int:
    """The exit status."""
    return _run(workspace, lambda session: _index(session, full=full, words=words))


def search(
    workspace: Path, query: str, kind: str, *, limit: int, path: str | None, as_json: bool
) -> int:
    """Prints hits; 0 when there are some."""
    if not query.strip():
        return _refuse("say what to look for")
    kinds: tuple[MemoryKind, ...] = tuple(one for one in MEMORY_KINDS if kind in (one, "all"))
    wanted = Query(query, kinds, limit, path)
    return _run(workspace, lambda session: find(session, wanted, as_json=as_json))


def remember(workspace: Path, text: str) -> int:
    """Keeps a fact; the exit status."""
    if not text.strip():
        return _refuse("say what to remember")
    return _run(workspace, lambda session: _remember(session, text))


def forget(workspace: Path, text: str | None, entry_id: str | None, before: datetime | None) -> int:
    """Removes for good and says how much; the exit status."""
    if text is not None and len(text.strip()) < FORGOTTEN_CHARS_MIN:
        return _refuse(f"say what to forget in {FORGOTTEN_CHARS_MIN} characters at least")
    utc = before.astimezone(UTC).isoformat() if before is not None else None
    wish = ForgetRequest(entry_id, text, utc)
    return _run(workspace, lambda session: _forget(session, wish))


def _run(workspace: Path, work: Callable[[Session], Awaitable[int]]) -> int:
    if not workspace.is_dir():
        return _refuse(f"--workspace {workspace} is not a folder")
    # What goes wrong is said below, in one sentence, and needs no log.
    logging.getLogger("lsp_server").addHandler(logging.NullHandler())
    try:
        return asyncio.run(with_session(workspace.resolve(), work))
    except HoldfastError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print_error("stopped; what was indexed stays")
        return STOPPED


async def with_session(
    workspace: Path, work: Callable[[Session], Awaitable[int]], data: Path | None = None
) -> int:
    """What `work` returns, of a session that nobody watches; `data` as for `open_session`."""
    # It is indexed here when it is wanted, and reported.
    loaded = load(workspace, editor={"memory": {"index_on_start": False}})
    for problem in loaded.problems:
        print_error(str(problem))
    documents = Documents()
    editor = DiskEditor(documents, None)
    session = open_session(
        workspace, loaded.settings, editor, documents, lambda *_: None, data=data
    )
    try:
        return await work(session)
    finally:
        await session.close()


async def _index(session: Session, *, full: bool, words: bool) -> int:
    with _progress() as report:
        session.memory.on_progress = lambda progress: (
            report("files", progress.done, progress.total) if progress is not None else None
        )
        done = await session.memory.index(full=full)
        memory = await session.memory.ready()
        if not words:
            settled = asyncio.ensure_future(session.memory.settle())
            most = memory.status().pending
            while not settled.done():
                await asyncio.wait({settled}, timeout=LOOK_SECONDS)
                pending = memory.status().pending
                most = max(most, pending)
                report("vectors", most - pending, most)
            settled.result()
    status = await memory.measure()
    changed = f"{done.changed} files read and {done.removed} gone in {done.seconds:.1f} s"
    sys.stdout.write(f"{changed}; {visible(memory_text(session.memory.state()))}\n")
    for reason, count in sorted(status.skipped.items()):
        sys.stdout.write(f"  not searched, {count} files: {visible(reason)}\n")
    return 0


async def find(session: Session, query: Query, *, as_json: bool = False) -> int:
    """Prints hits; 0 when there are some. Raises MemoryUnavailable."""
    await session.memory.catch_up()
    if "code" in query.kinds:
        await session.memory.index()
    hits = await session.memory.search(query)
    for hit in hits:
        sys.stdout.write(_line(hit) if as_json else _shown(hit))
    pending = (await session.memory.ready()).status().pending
    if pending and not as_json:
        sys.stderr.write(
            f"(by words mostly: {pending} vectors are still to be made; `holdfast index` makes them)\n"
        )
    if not hits and not as_json:
        sys.stderr.write("nothing found; try other words\n")
    return 0 if hits else 1


async def _remember(session: Session, text: str) -> int:
    fact = await session.memory.facts.remember(text)
    sys.stdout.write(f"remembered ({fact.id}): {visible(fact.text)}\n")
    return 0


async def _forget(session: Session, wish: ForgetRequest) -> int:
    gone = await session.forget(wish)
    sys.stdout.write(f"forgot {gone.rows} rows of memory and words in {gone.journals} journals\n")
    return 0 if gone.rows or gone.journals else 1


def _line(hit: Hit) -> str:
    return json.dumps({"score": hit.score, **asdict(hit.found)}) + "\n"


def _shown(hit: Hit) -> str:
    found = hit.found
    text = found.text if isinstance(found, CodeChunk) else hit_excerpt(found)
    body = [visible(line) for line in text.splitlines()[:EXCERPT_LINES]]
    head = visible(hit_title(found))
    if not isinstance(found, CodeChunk):
        head += f"  [{visible(hit_source(found))}]"
    return "\n".join([head, *(f"    {line}" for line in body), ""]) + "\n"


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar on a terminal, a line for each stage elsewhere."""
    if not sys.stderr.isatty():
        told: set[str] = set()

        def tell(stage: str, _: int, total: int) -> None:
            if total and stage not in told:
                told.add(stage)
                sys.stderr.write(f"indexing: {total} {stage}\n")

        yield tell
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield report


def _refuse(complaint: str) -> int:
    print_error(complaint)
    return USAGE_ERROR
