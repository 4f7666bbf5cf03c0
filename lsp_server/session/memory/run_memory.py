"""This module gives runs their part of memory: in their prompt, and through their tools."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from lsp_server.agent.memory_source import MemoryItem
from lsp_server.agent.recall.journal_search import JournalSearch
from lsp_server.domain.errors import MemoryUnavailable, ToolError
from lsp_server.domain.memories import CodeChunk, Fact, Hit, MemoryKind, Query
from lsp_server.domain.tasks import RunId
from lsp_server.evolution.fact_parts import missing_file
from lsp_server.memory.made_facts import evidence_command
from lsp_server.session.memory.hit_format import (
    Remembered,
    fact_claim,
    hit_excerpt,
    hit_place,
    hit_source,
    hit_text,
    hit_title,
)
from lsp_server.session.memory.session_memory import SessionMemory
from lsp_server.tools.check_commands import is_check
from lsp_server.tools.recall import RecallHit
from lsp_server.workspace.files.paths import Workspace

ABOUT_CHARS_MAX = 1_000
CODE_OFFERED_MAX = 6
CODE_SCORE_SHARE_MIN = 0.5
"""A hit with less than this share of the best score only fills the prompt."""


class RunMemorySource:
    """Offers what memory knows to the prompts of one run.

    `visible` says whether a file, by its path from the workspace's `root`, may be shown, and
    `project_facts` are those that the project brings and a person trusts.
    """

    def __init__(
        self,
        memory: SessionMemory,
        run_id: RunId,
        visible: Callable[[str], bool],
        root: Path,
        project_facts: Callable[[], Awaitable[Sequence[Fact]]],
    ) -> None:
        self._memory = memory
        self._run_id = run_id
        self._visible = visible
        self._root = root
        self._project_facts = project_facts

    @property
    def opens_soon(self) -> bool:
        """Says whether memory cannot answer yet and soon will."""
        opener = self._memory.opener
        if not opener.is_worth_waiting_for or opener.phase == "open":
            return False
        self._memory.start()
        return True

    async def project_facts(self) -> Sequence[MemoryItem]:
        """Returns the facts that the project brings and a person trusts."""
        brought = await self._project_facts()
        return [_fact_item(fact, place) for place, fact in enumerate(brought)]

    async def relevant_to(
        self, about: str, files: Sequence[str], tokens_max: int
    ) -> Sequence[MemoryItem]:
        """Returns facts, actions and code that bear on a task, in any order.

        While there is no memory there are none: to index the code from nothing is not worth
        waiting for. Raises MemoryUnavailable.
        """
        del tokens_max  # The loop takes what fits.
        if not self._memory.opener.is_worth_waiting_for:
            self._memory.start()
            return ()
        memory = await self._memory.ready()
        query = Query(about[:ABOUT_CHARS_MAX], limit=CODE_OFFERED_MAX, near_files=tuple(files))
        facts = await memory.reader.trusted_facts()
        relevant = await memory.reader.relevant_actions(query)
        # The actions of this run are in its state.
        actions = [hit for hit in relevant if not hit.found.id.startswith(f"{self._run_id}/")]
        code = await self._code(query)
        told = await asyncio.to_thread(lambda: [one for one in facts if self._is_told(one)])
        shown = [_fact_item(fact, place) for place, fact in enumerate(told)]
        return [*shown, *map(_action_item, actions), *code]

    def _is_told(self, fact: Fact) -> bool:
        # A file that was renamed is not waited for: what Holdfast found of it is told no more.
        is_stale = fact.source != "person" and missing_file(fact.text, self._root)
        return _is_shown(fact) and not is_stale

    async def _code(self, query: Query) -> list[MemoryItem]:
        hits = await self._memory.search(
            Query(query.text, ("code",), query.limit, near_files=query.near_files)
        )
        least = CODE_SCORE_SHARE_MIN * max((hit.score for hit in hits), default=0.0)
        return [
            _code_item(hit, hit.found)
            for hit in hits
            if isinstance(hit.found, CodeChunk)
            and hit.score >= least
            and self._visible(hit.found.path)
        ]


class RunHistory:
    """Looks back over the journals of the workspace, and over memory for what they lack."""

    def __init__(self, journals: JournalSearch, memory: SessionMemory) -> None:
        self._journals = journals
        self._memory = memory

    async def get(self, entry_id: str) -> str | None:
        """Returns the whole text of an entry or a record; None when there is none with this id."""
        # Journals have texts whole; memory has them cut.
        found = await self._journals.get(entry_id)
        if found is not None:
            return found
        try:
            record = await (await self._memory.ready()).reader.get(entry_id)
        except MemoryUnavailable:
            return None
        if isinstance(record, Fact):
            return f"{fact_claim(record)}\n{hit_source(record)}"
        return None if record is None else hit_text(record)

    async def search(self, query: str, *, kind: str | None, limit: int) -> Sequence[RecallHit]:
        """Returns hits in journals first, then those of memory that are close in meaning alone."""
        found = list(await self._journals.search(query, kind=kind, limit=limit))
        known = {one.id for one in found}
        for one in await self._remembered(query, kind, limit):
            if one.id not in known and len(found) < limit:
                found.append(one)
        return found

    async def around(self, entry_id: str, steps: int) -> Sequence[RecallHit]:
        """Returns the entries up to so many steps before and after one."""
        return await self._journals.around(entry_id, steps)

    async def _remembered(self, query: str, kind: str | None, limit: int) -> list[RecallHit]:
        if self._memory.state().phase != "open":
            return []
        kinds: tuple[MemoryKind, ...] = ("action", "fact") if kind is None else ("action",)
        try:
            hits = await self._memory.search(Query(query, kinds, limit, tool=kind))
        except MemoryUnavailable:
            return []
        return [
            RecallHit(hit.found.id, _recall_title(hit.found), hit_excerpt(hit.found))
            for hit in hits
        ]


class SemanticSearch:
    """Searches code by meaning, for the tool `search` with the mode `semantic`."""

    def __init__(
        self, workspace: Workspace, memory: SessionMemory, visible: Callable[[str], bool]
    ) -> None:
        self._workspace = workspace
        self._memory = memory
        self._visible = visible

    async def __call__(self, query: str, within: Path | None, limit: int) -> str:
        """Returns the hits in a file or folder, or everywhere, as text for a model.

        Raises ToolError when memory cannot be asked.
        """
        path = self._workspace.relative(within) if within is not None else None
        shown = await self._found(Query(query, ("code",), limit, path))
        state = self._memory.state()
        if state.index is not None:
            shown.append(f"[the code is being indexed: {state.index.done} of {state.index.total}]")
        return "\n\n".join(shown) or "nothing found; try other words, or mode text"

    async def in_repository(self, query: str, repository: str, path: str, limit: int) -> str:
        """Returns the hits in a repository of the team's base, or in EVERY_REPOSITORY.

        They are as they were at the commits of the base, which each one names. Raises
        ToolError when memory cannot be asked or there is no such repository.
        """
        shown = await self._found(
            Query(query, ("code",), limit, path or None, repository=repository)
        )
        return "\n\n".join(shown) or "nothing found; try other words"

    async def _found(self, query: Query) -> list[str]:
        try:
            hits = await self._memory.search(query)
        except MemoryUnavailable as error:
            raise ToolError(f"{error}; use mode text or regex") from error
        return [
            f"{hit_place(hit)}{hit_title(hit.found)}\n{hit_excerpt(hit.found)}"
            for hit in hits
            if isinstance(hit.found, CodeChunk) and self._visible(hit.found.path)
        ]


def _recall_title(found: Remembered) -> str:
    return fact_claim(found) if isinstance(found, Fact) else hit_title(found)


def _is_shown(fact: Fact) -> bool:
    # Older facts of runs may rest on commands that show nothing.
    return fact.source != "agent" or is_check(evidence_command(fact.evidence_id))


def _fact_item(fact: Fact, place: int) -> MemoryItem:
    text = fact_claim(fact)
    return MemoryItem(fact.id, "fact", text, text, 1 / (place + 1))


def _action_item(hit: Hit) -> MemoryItem:
    found = hit.found
    return MemoryItem(found.id, "action", hit_title(found), hit_excerpt(found), hit.score)


def _code_item(hit: Hit, chunk: CodeChunk) -> MemoryItem:
    return MemoryItem(
        chunk.id, "code", hit_title(chunk), chunk.text, hit.score, chunk.path, chunk.start_line
    )
