"""The commands about memory: search, remember, forget, index, and why code is as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lsp_server.domain.errors import HoldfastError, MemoryUnavailable
from lsp_server.domain.memories import MEMORY_KINDS, ActionRecord, CodeChunk, Fact, Hit, Query
from lsp_server.memory.forgetting import Forgetting
from lsp_server.server import to_lsp
from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.protocol import CommandName
from lsp_server.server.shapes import (
    Arguments,
    ForgetReply,
    IndexState,
    MemoryForget,
    MemoryHit,
    MemoryReindex,
    MemoryRemember,
    MemorySearch,
    MemorySearchReply,
    MemoryStatusReply,
    MemoryWhy,
    NoArguments,
    Reply,
    Sentence,
    WirePosition,
    WireRange,
)
from lsp_server.server.task import place_of, session_of
from lsp_server.session.memory import found
from lsp_server.session.session import Session

Handler = Callable[[Any], Awaitable[Sentence]]

OPENING_SECONDS = 0.15
"""A command answers at once, also while memory is being opened."""
WHY_MAX = 10


class StillOpening(MemoryUnavailable):
    """It takes a second or two after the server has started; then the same works."""


class MemoryCommands:
    """Acts on the memory of the folder that is in use."""

    def __init__(self, client: Client, folders: Folders, background: Background) -> None:
        self._client = client
        self._folders = folders
        self._background = background
        self._later: asyncio.Task[None] | None = None
        self.handlers: Mapping[str, tuple[type[Arguments], Handler]] = {
            CommandName.MEMORY_SEARCH: (MemorySearch, self._search),
            CommandName.MEMORY_WHY: (MemoryWhy, self._why),
            CommandName.MEMORY_REMEMBER: (MemoryRemember, self._remember),
            CommandName.MEMORY_FORGET: (MemoryForget, self._forget),
            CommandName.MEMORY_REINDEX: (MemoryReindex, self._reindex),
            CommandName.MEMORY_STATUS: (NoArguments, self._status),
        }

    async def _search(self, arguments: MemorySearch) -> MemorySearchReply:
        if not (arguments.query or "").strip():
            raise HoldfastError("say what to look for: pass `query`")
        kinds = MEMORY_KINDS if arguments.kind == "all" else (arguments.kind,)
        query = Query(arguments.query or "", kinds, arguments.limit, arguments.path)
        try:
            folder, session = await self._open_memory()
        except StillOpening as error:
            if self._later is not None:
                self._later.cancel()  # Only what was asked last is shown.
            self._later = self._background.start(self._search_later(query), "a search")
            return MemorySearchReply(
                state="indexing", message=f"{error}; what is found is shown then"
            )
        hits = await session.memory.search(query)
        reply = MemorySearchReply(
            state="idle",
            message=_counted(hits) + _unfinished(session),
            hits=tuple(_hit(folder, hit) for hit in hits),
        )
        if not self._client.can.status:  # Such an editor drops the reply.
            self._show(session, "found.md", _document(f"“{arguments.query}”", folder, hits))
        return reply

    async def _search_later(self, query: Query) -> None:
        """Once memory is open."""
        folder = place_of(None, self._folders)[0]
        session = session_of(folder)
        try:
            await session.memory.indexed()
            hits = await session.memory.search(query)
        except MemoryUnavailable as error:
            self._client.show("warning", str(error))
            return
        self._show(session, "found.md", _document(f"“{query.text}”", folder, hits))

    async def _why(self, arguments: MemoryWhy) -> Reply:
        folder, path = place_of(arguments.uri, self._folders)
        if path is None:
            raise HoldfastError("pass the `uri` of the file that you ask about")
        _, session = await self._open_memory(folder)
        relative = folder.relative(path)
        asked = await _lines(folder, path, arguments.range)
        records = await self._about(session, relative, asked)
        if not records:
            raise HoldfastError(f"no run that is remembered changed {relative}")
        text = _document(f"Why {relative} is as it is", folder, [Hit(0.0, one) for one in records])
        return Reply(
            state="idle",
            message=f"{len(records)} actions changed {relative}",
            uri=self._show(session, "why.md", text),
        )

    async def _remember(self, arguments: MemoryRemember) -> Reply:
        if not (arguments.text or "").strip():
            raise HoldfastError("say what to remember: pass `text`")
        _, session = await self._open_memory()
        fact = await session.memory.remember(arguments.text or "")
        return Reply(state="idle", message=f"remembered ({fact.id}): {fact.text}")

    async def _forget(self, arguments: MemoryForget) -> ForgetReply:
        _, session = await self._open_memory()
        wish = Forgetting(arguments.id, arguments.query, _utc(arguments.before))
        gone = await session.forget(wish)
        message = f"forgot {gone.rows} rows of memory and words in {gone.journals} journals"
        self._client.show("info", message)
        return ForgetReply(state="idle", message=message, rows=gone.rows, journals=gone.journals)

    async def _reindex(self, arguments: MemoryReindex) -> Reply:
        _, session = await self._open_memory()
        session.memory.start_index(full=arguments.full)
        return Reply(state="indexing", message="the code is being indexed")

    async def _status(self, _: NoArguments) -> MemoryStatusReply:
        session = session_of(place_of(None, self._folders)[0])
        session.memory.start()
        if session.memory.state().phase == "open":
            with suppress(MemoryUnavailable):  # Then the state says why.
                await (await session.memory.ready()).measured()
        state = session.memory.state()
        message = found.describe(state)
        if not self._client.can.status:
            self._client.show("info", message)
        status = state.status
        if status is None:
            problems = (state.problem,) if state.problem else ()
            return MemoryStatusReply(
                state="idle", message=message, phase=state.phase, problems=problems
            )
        return MemoryStatusReply(
            state="indexing" if state.index is not None else "idle",
            message=message,
            phase=state.phase,
            writes=status.writes,
            index=IndexState(files=status.files, pending=status.pending),
            chunks=status.chunks,
            actions=status.actions,
            facts=status.facts,
            bytes_on_disk=status.bytes_on_disk,
            failed_optimizes=status.failed_optimizes,
            skipped=status.skipped,
            problems=status.problems,
        )

    async def _open_memory(self, folder: Folder | None = None) -> tuple[Folder, Session]:
        """Raises MemoryUnavailable when it is not open within a moment."""
        folder = folder or place_of(None, self._folders)[0]
        session = session_of(folder)
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                await session.memory.ready()
        except TimeoutError:
            raise StillOpening("memory is being opened") from None
        return folder, session

    async def _about(self, session: Session, path: str, asked: str) -> Sequence[ActionRecord]:
        """What changed a file: what has to do with these lines first, then the newest."""
        memory = await session.memory.ready()
        near: list[ActionRecord] = []
        if asked.strip():
            hits = await session.memory.search(Query(asked, ("action",), WHY_MAX, path))
            near = [hit.found for hit in hits if isinstance(hit.found, ActionRecord)]
        records = {one.id: one for one in (*near, *await memory.history(path, WHY_MAX))}
        return [one for one in records.values() if one.tool != "task"][:WHY_MAX]

    def _show(self, session: Session, name: str, text: str) -> str:
        """The URI of a document that opens as soon as it is written."""
        path = session.runs.folder.parent / name

        async def show() -> None:
            await asyncio.to_thread(path.write_text, text, "utf-8")
            await self._client.open(to_lsp.uri(path))

        self._background.start(show(), f"showing {name}")
        return to_lsp.uri(path)


def _counted(hits: Sequence[Hit]) -> str:
    first = f": {found.title_of(hits[0].found)}" if hits else "; try other words"
    return f"{len(hits)} found{first}"


def _unfinished(session: Session) -> str:
    index = session.memory.state().index
    return f" (indexing, {index.done} of {index.total} files)" if index is not None else ""


def _hit(folder: Folder, hit: Hit) -> MemoryHit:
    one = hit.found
    entry = MemoryHit(
        id=one.id,
        kind="code",
        score=hit.score,
        title=found.title_of(one),
        text=found.excerpt_of(one),
        provenance=found.provenance_of(one),
    )
    match one:
        case CodeChunk():
            span = WireRange(
                start=WirePosition(line=one.start_line - 1, character=0),
                end=WirePosition(line=one.end_line, character=0),
            )
            uri = to_lsp.uri(folder.root / one.path)
            return entry.model_copy(update={"path": one.path, "uri": uri, "range": span})
        case ActionRecord():
            first = one.files[0] if one.files else None
            place = to_lsp.uri(folder.root / first) if first else None
            return entry.model_copy(update={"kind": "action", "path": first, "uri": place})
        case Fact():
            return entry.model_copy(update={"kind": "fact"})


def _document(title: str, folder: Folder, hits: Sequence[Hit]) -> str:
    """The hits as Markdown, with places to jump to."""
    parts = [f"# {title}\n"]
    fence = "~~~~"
    for hit in hits:
        one = hit.found
        if isinstance(one, CodeChunk):
            place = f"[{one.path}:{one.start_line}]({to_lsp.uri(folder.root / one.path)}#L{one.start_line})"
            parts.append(
                f"## {one.symbol or one.path}\n\n{place}\n\n{fence}\n{one.text}\n{fence}\n"
            )
        elif isinstance(one, ActionRecord):
            parts.append(f"## {found.title_of(one)}\n\n{found.story_of(one)}\n")
        else:
            parts.append(f"## Fact\n\n{found.whole(one).strip()}\n")
    return "\n".join(parts) if hits else f"{parts[0]}\nNothing found; try other words.\n"


async def _lines(folder: Folder, path: Path, span: WireRange | None) -> str:
    """The lines that a range touches."""
    if span is None:
        return ""
    lines = (await folder.documents.read(path)).text.split("\n")
    return "\n".join(lines[span.start.line : span.end.line + 1])


def _utc(before: datetime | None) -> str | None:
    """As the tables have it: ISO 8601 in UTC; without a zone it is meant as here."""
    return before.astimezone(UTC).isoformat() if before is not None else None
