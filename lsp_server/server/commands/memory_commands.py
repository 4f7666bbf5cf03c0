"""The commands about memory: search, remember, forget, index, and why code is as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lsp_server.domain.errors import HoldfastError, MemoryUnavailable
from lsp_server.domain.memories import MEMORY_KINDS, ActionRecord, Hit, Query
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.server import to_lsp
from lsp_server.server.background import Background
from lsp_server.server.client import Client
from lsp_server.server.commands.targets import place_of, session_of
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params import (
    CommandParams,
    ForgetReply,
    IndexState,
    MemoryForget,
    MemoryReindex,
    MemoryRemember,
    MemorySearch,
    MemorySearchReply,
    MemoryStatusReply,
    MemoryWhy,
    MessagePayload,
    NoArguments,
    Reply,
    WireRange,
)
from lsp_server.server.protocol import CommandName
from lsp_server.server.views import memory_view
from lsp_server.session.memory import hit_format
from lsp_server.session.session import Session

Handler = Callable[[Any], Awaitable[MessagePayload]]

OPENING_SECONDS = 0.15
"""A command answers at once, also while memory is being opened."""
WHY_MAX = 10


class StillOpening(MemoryUnavailable):
    """It takes a second or so after the server has started; then the same works."""


class MemoryCommands:
    """Acts on the memories of the folders that are meant."""

    def __init__(self, client: Client, folders: Folders, background: Background) -> None:
        self._client = client
        self._folders = folders
        self._background = background
        self._later: asyncio.Task[None] | None = None
        self.handlers: Mapping[str, tuple[type[CommandParams], Handler]] = {
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
        folders = self._meant(arguments.uri)
        try:
            folders = await _searchable(folders)
        except StillOpening as error:
            if self._later is not None:
                self._later.cancel()  # Only what was asked last is shown.
            self._later = self._background.start(self._search_later(folders, query), "a search")
            return MemorySearchReply(
                state="indexing", message=f"{error}; what is found is shown then"
            )
        hits = await _hits(folders, query)
        reply = MemorySearchReply(
            state="idle",
            message=memory_view.counts_text(hits) + "".join(map(_unfinished, folders)),
            hits=tuple(memory_view.hit_payload(folder, hit) for folder, hit in hits),
        )
        if not self._client.can.status:  # Such an editor drops the reply.
            self._show_found(query, folders, hits)
        return reply

    async def _search_later(self, folders: Sequence[Folder], query: Query) -> None:
        """Once memory is open."""
        try:
            for folder in folders:
                await session_of(folder).memory.index_runs.wait()
            hits = await _hits(folders, query)
        except MemoryUnavailable as error:
            self._client.show("warning", str(error))
            return
        self._show_found(query, folders, hits)

    def _show_found(self, query: Query, folders: Sequence[Folder], hits: memory_view.Hits) -> None:
        text = memory_view.hits_markdown(f"“{query.text}”", hits)
        self._show(session_of(folders[0]), "found.md", text)

    async def _why(self, arguments: MemoryWhy) -> Reply:
        folder, path = place_of(arguments.uri, self._folders)
        if path is None:
            raise HoldfastError("pass the `uri` of the file that you ask about")
        try:
            await _opened(folder)
        except StillOpening as error:
            self._once_open((folder,), lambda: self._explain(folder, path, arguments.range), "why")
            return Reply(state="indexing", message=f"{error}; what is found is shown then")
        return await self._explain(folder, path, arguments.range)

    async def _explain(self, folder: Folder, path: Path, span: WireRange | None) -> Reply:
        session = session_of(folder)
        relative = folder.relative(path)
        records = await self._about(session, relative, await _lines(folder, path, span))
        if not records:
            raise HoldfastError(f"no run that is remembered changed {relative}")
        hits = [(folder, Hit(0.0, one)) for one in records]
        text = memory_view.hits_markdown(f"Why {relative} is as it is", hits)
        return Reply(
            state="idle",
            message=f"{len(records)} actions changed {relative}",
            uri=self._show(session, "why.md", text),
        )

    async def _remember(self, arguments: MemoryRemember) -> Reply:
        text = arguments.text or ""
        if not text.strip():
            raise HoldfastError("say what to remember: pass `text`")
        folder = place_of(arguments.uri, self._folders)[0]
        memory = session_of(folder).memory
        try:
            await _opened(folder)
        except StillOpening:
            fact = await memory.facts.note(text)
        else:
            fact = await memory.facts.remember(text)
        return Reply(state="idle", message=f"remembered ({fact.id}): {fact.text}")

    async def _forget(self, arguments: MemoryForget) -> ForgetReply:
        folders = self._meant(arguments.uri)
        wish = ForgetRequest(arguments.id, arguments.query, _utc(arguments.before))
        try:
            for folder in folders:
                await _opened(folder)
        except StillOpening as error:
            self._once_open(folders, lambda: self._forgotten(folders, wish), "forgetting")
            return ForgetReply(state="indexing", message=f"{error}; what goes is said then")
        return await self._forgotten(folders, wish)

    async def _forgotten(self, folders: Sequence[Folder], wish: ForgetRequest) -> ForgetReply:
        gone = [await session_of(folder).forget(wish) for folder in folders]
        rows, journals = sum(one.rows for one in gone), sum(one.journals for one in gone)
        message = f"forgot {rows} rows of memory and words in {journals} journals"
        self._client.show("info", message)
        return ForgetReply(state="idle", message=message, rows=rows, journals=journals)

    async def _reindex(self, arguments: MemoryReindex) -> Reply:
        for session in [await _opened(folder) for folder in self._meant(arguments.uri)]:
            session.memory.index_runs.start(full=arguments.full)
        return Reply(state="indexing", message="the code is being indexed")

    async def _status(self, _: NoArguments) -> MemoryStatusReply:
        session = session_of(place_of(None, self._folders)[0])
        session.memory.start()
        if session.memory.state().phase == "open":
            with suppress(MemoryUnavailable):  # Then the state says why.
                await (await session.memory.ready()).measure()
        state = session.memory.state()
        message = hit_format.memory_text(state)
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

    def _once_open(
        self, folders: Sequence[Folder], work: Callable[[], Awaitable[Reply]], name: str
    ) -> None:
        """Does it when memory is there; what it cannot do is shown, as nobody waits any more."""

        async def wait_and_work() -> None:
            try:
                for folder in folders:
                    await session_of(folder).memory.catch_up()
                await work()
            except HoldfastError as error:
                self._client.show("warning", str(error))

        self._background.start(wait_and_work(), name)

    def _meant(self, uri: str | None) -> Sequence[Folder]:
        """The folder of a document, or all that are open, the current one first."""
        folder, _ = place_of(uri, self._folders)
        if uri is not None or folder.session is None:
            return (folder,)
        return tuple(each for each in self._folders.in_order() if each.session is not None)

    async def _about(self, session: Session, path: str, asked: str) -> Sequence[ActionRecord]:
        """What changed a file: what has to do with these lines first, then the newest."""
        memory = await session.memory.ready()
        near: list[ActionRecord] = []
        if asked.strip():
            hits = await session.memory.search(Query(asked, ("action",), WHY_MAX, path))
            near = [hit.found for hit in hits if isinstance(hit.found, ActionRecord)]
        records = {one.id: one for one in (*near, *await memory.reader.history(path, WHY_MAX))}
        return [one for one in records.values() if one.tool != "task"][:WHY_MAX]

    def _show(self, session: Session, name: str, text: str) -> str:
        """The URI of a document that opens as soon as it is written."""
        path = session.runs.store.folder.parent / name

        async def show() -> None:
            await asyncio.to_thread(path.write_text, text, "utf-8")
            await self._client.open(to_lsp.uri(path))

        self._background.start(show(), f"showing {name}")
        return to_lsp.uri(path)


async def _opened(folder: Folder) -> Session:
    """Its session, with memory. Raises MemoryUnavailable when that is not open within a moment."""
    session = session_of(folder)
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            await session.memory.ready()
    except TimeoutError:
        raise StillOpening("memory is being opened") from None
    return session


async def _searchable(folders: Sequence[Folder]) -> Sequence[Folder]:
    """Those whose memory can be had. Raises MemoryUnavailable when none can."""
    open_ones: list[Folder] = []
    problem: MemoryUnavailable | None = None
    for folder in folders:
        try:
            await _opened(folder)
            open_ones.append(folder)
        except StillOpening:
            raise
        except MemoryUnavailable as error:
            problem = error
    if problem is not None and not open_ones:
        raise problem
    return open_ones


async def _hits(folders: Sequence[Folder], query: Query) -> memory_view.Hits:
    found = [
        (folder, hit) for folder in folders for hit in await session_of(folder).memory.search(query)
    ]
    found.sort(key=lambda pair: -pair[1].score)
    return found[: query.limit]


def _unfinished(folder: Folder) -> str:
    index = session_of(folder).memory.state().index
    return f" (indexing, {index.done} of {index.total} files)" if index is not None else ""


async def _lines(folder: Folder, path: Path, span: WireRange | None) -> str:
    """The lines that a range touches."""
    if span is None:
        return ""
    lines = (await folder.documents.read(path)).text.split("\n")
    return "\n".join(lines[span.start.line : span.end.line + 1])


def _utc(before: datetime | None) -> str | None:
    """As the tables have it: ISO 8601 in UTC; without a zone it is meant as here."""
    return before.astimezone(UTC).isoformat() if before is not None else None
