"""This module has the commands about memory: search, why, remember, forget, reindex, status.

Memory takes a second or so to open after the server has started. A command answers at
once all the same: what it is asked for comes when memory is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.domain.errors import HoldfastError, MemoryUnavailable
from lsp_server.domain.memories import MEMORY_KINDS, Hit, Query
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.folders import Folder
from lsp_server.server.params.base import NoParams, Reply, WireRange
from lsp_server.server.params.memory_params import (
    ForgetReply,
    MemoryForget,
    MemoryReindex,
    MemoryRemember,
    MemorySearch,
    MemorySearchReply,
    MemoryStatusReply,
    MemoryWhy,
)
from lsp_server.server.protocol import CommandName
from lsp_server.server.views import memory_view
from lsp_server.session.memory.file_history import records_about
from lsp_server.session.session import Session
from lsp_server.text.count import count_of

OPENING_SECONDS = 0.15
"""A command answers at once, also while memory is being opened."""


class StillOpening(MemoryUnavailable):
    """Memory is not open yet; a moment later the same command works."""


class MemoryCommands:
    """`MemoryCommands` has the commands about the memories of the folders that are meant."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context
        self._client = context.client
        self._folders = context.folders
        self._waiting_search: asyncio.Task[None] | None = None

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.MEMORY_SEARCH, MemorySearch, self._search),
            ServerCommand(CommandName.MEMORY_WHY, MemoryWhy, self._why),
            ServerCommand(CommandName.MEMORY_REMEMBER, MemoryRemember, self._remember),
            ServerCommand(CommandName.MEMORY_FORGET, MemoryForget, self._forget),
            ServerCommand(CommandName.MEMORY_REINDEX, MemoryReindex, self._reindex),
            ServerCommand(CommandName.MEMORY_STATUS, NoParams, self._status),
        )

    async def _search(self, arguments: MemorySearch) -> MemorySearchReply:
        if not (arguments.query or "").strip():
            raise HoldfastError("say what to look for: pass `query`")
        kinds = MEMORY_KINDS if arguments.kind == "all" else (arguments.kind,)
        text, repository = arguments.query or "", arguments.repository
        query = Query(text, kinds, arguments.limit, arguments.path, repository=repository)
        folders = self._meant(arguments.uri)
        try:
            folders = await _searchable(folders)
        except StillOpening as error:
            if self._waiting_search is not None:
                self._waiting_search.cancel()  # Only the last search is shown.
            search = self._context.show_errors(self._search_once_indexed(folders, query))
            self._waiting_search = self._context.tasks.start(search, "a search")
            return MemorySearchReply(
                state="indexing", message=f"{error}; what is found is shown then"
            )
        hits = await _hits(folders, query)
        if not self._client.can.status:  # Such an editor drops the reply.
            self._show_hits(query, folders, hits)
        return MemorySearchReply(
            state="idle",
            message=memory_view.counts_text(hits) + "".join(map(_indexing_text, folders)),
            hits=tuple(memory_view.hit_payload(folder, hit) for folder, hit in hits),
        )

    async def _search_once_indexed(self, folders: Sequence[Folder], query: Query) -> None:
        for folder in folders:
            await folder.require_session().memory.index_runs.wait()
        self._show_hits(query, folders, await _hits(folders, query))

    def _show_hits(self, query: Query, folders: Sequence[Folder], hits: memory_view.Hits) -> None:
        text = memory_view.hits_markdown(f"“{query.text}”", hits)
        self._context.show_page(folders[0].require_session(), "found.md", text)

    async def _why(self, arguments: MemoryWhy) -> Reply:
        folder, path = locate(arguments.uri, self._folders)
        if path is None:
            raise HoldfastError("pass the `uri` of the file that you ask about")
        try:
            await _opened(folder)
        except StillOpening as error:
            self._once_open((folder,), lambda: self._explain(folder, path, arguments.range), "why")
            return Reply(state="indexing", message=f"{error}; what is found is shown then")
        return await self._explain(folder, path, arguments.range)

    async def _explain(self, folder: Folder, path: Path, span: WireRange | None) -> Reply:
        session = folder.require_session()
        relative = folder.relative(path)
        records = await records_about(session.memory, relative, await _lines(folder, path, span))
        if not records:
            raise HoldfastError(f"no run that is remembered changed {relative}")
        hits = [(folder, Hit(0.0, record)) for record in records]
        text = memory_view.hits_markdown(f"Why {relative} is as it is", hits)
        return Reply(
            state="idle",
            message=f"{count_of(len(records), 'action')} changed {relative}",
            uri=self._context.show_page(session, "why.md", text),
        )

    async def _remember(self, arguments: MemoryRemember) -> Reply:
        text = arguments.text or ""
        if not text.strip():
            raise HoldfastError("say what to remember: pass `text`")
        folder = locate(arguments.uri, self._folders)[0]
        memory = folder.require_session().memory
        try:
            await _opened(folder)
        except StillOpening:
            fact = await memory.facts.note(text)
        else:
            fact = await memory.facts.remember(text)
        return Reply(state="idle", message=f"remembered ({fact.id}): {fact.text}")

    async def _forget(self, arguments: MemoryForget) -> ForgetReply:
        folders = self._meant(arguments.uri)
        request = ForgetRequest(arguments.id, arguments.query, _utc(arguments.before))
        try:
            for folder in folders:
                await _opened(folder)
        except StillOpening as error:
            self._once_open(folders, lambda: self._forget_now(folders, request), "forgetting")
            return ForgetReply(state="indexing", message=f"{error}; a message says what goes")
        return await self._forget_now(folders, request)

    async def _forget_now(self, folders: Sequence[Folder], request: ForgetRequest) -> ForgetReply:
        gone = [await folder.require_session().forget(request) for folder in folders]
        rows, journals = sum(one.rows for one in gone), sum(one.journals for one in gone)
        message = (
            f"forgot {count_of(rows, 'row')} of memory and words in {count_of(journals, 'journal')}"
        )
        self._client.show("info", message)
        return ForgetReply(state="idle", message=message, rows=rows, journals=journals)

    async def _reindex(self, arguments: MemoryReindex) -> Reply:
        for session in [await _opened(folder) for folder in self._meant(arguments.uri)]:
            session.memory.index_runs.start(full=arguments.full)
        return Reply(state="indexing", message="the code is being indexed")

    async def _status(self, _: NoParams) -> MemoryStatusReply:
        session = locate(None, self._folders)[0].require_session()
        session.memory.start()
        if session.memory.state().phase == "open":
            with suppress(MemoryUnavailable):  # Then the state says why.
                await (await session.memory.ready()).measure()
        reply = memory_view.status_reply(session.memory.state())
        self._context.show_message(reply.message)
        return reply

    def _once_open(
        self, folders: Sequence[Folder], work: Callable[[], Awaitable[Reply]], name: str
    ) -> None:
        """Works as soon as memory is there."""

        async def wait_and_work() -> None:
            for folder in folders:
                await folder.require_session().memory.catch_up()
            await work()

        self._context.tasks.start(self._context.show_errors(wait_and_work()), name)

    def _meant(self, uri: str | None) -> Sequence[Folder]:
        """The folder of a document, or all that are open, the current one first."""
        folder, _ = locate(uri, self._folders)
        if uri is not None or folder.session is None:
            return (folder,)
        return tuple(each for each in self._folders.in_order() if each.session is not None)


async def _opened(folder: Folder) -> Session:
    """The session, with memory open. Raises MemoryUnavailable if it is not within a moment."""
    session = folder.require_session()
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            await session.memory.ready()
    except TimeoutError:
        raise StillOpening("memory is being opened") from None
    return session


async def _searchable(folders: Sequence[Folder]) -> Sequence[Folder]:
    """The folders whose memory can be had. Raises MemoryUnavailable if none can."""
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
        (folder, hit)
        for folder in folders
        for hit in await folder.require_session().memory.search(query)
    ]
    found.sort(key=lambda pair: -pair[1].score)
    return found[: query.limit]


def _indexing_text(folder: Folder) -> str:
    index = folder.require_session().memory.state().index
    return (
        f" (indexing, {index.done} of {count_of(index.total, 'file')})" if index is not None else ""
    )


async def _lines(folder: Folder, path: Path, span: WireRange | None) -> str:
    """The lines that a range touches."""
    if span is None:
        return ""
    lines = (await folder.documents.read(path)).text.split("\n")
    return "\n".join(lines[span.start.line : span.end.line + 1])


def _utc(before: datetime | None) -> str | None:
    """The time as the tables have it: ISO 8601 in UTC; without a zone it is local time."""
    return before.astimezone(UTC).isoformat() if before is not None else None
