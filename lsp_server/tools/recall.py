"""`recall`: what happened earlier and is no longer in the prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import ToolResult
from lsp_server.tools.arguments import Arguments, spec, validated

LIMIT = 8


@dataclass(frozen=True, slots=True)
class Recalled:
    """One thing found: `id` fetches it whole, `title` is one line, `excerpt` a few."""

    id: str
    title: str
    excerpt: str


class Archive(Protocol):
    """What a run, and the runs before it, recorded."""

    async def result(self, call_id: str) -> str | None:
        """The whole text that a tool call gave; None when there is no such call."""
        ...

    async def find(self, query: str, *, kind: str | None, limit: int) -> Sequence[Recalled]:
        """The best matches first; `kind` narrows to what the archive calls so."""
        ...


class RecallArguments(Arguments):
    query: str | None = Field(None, description="Words to look for.")
    id: str | None = Field(None, description="Call id of a result that was cut.")
    kind: str | None = Field(None, description="Narrows a query, as in shell or edit.")
    limit: int = Field(LIMIT, ge=1, le=50)
    cursor: int = Field(0, ge=0, description="Where to go on in a long result.")


class Recall:
    """Whole results by id, page by page, or a search; `chars_max` bounds one answer."""

    spec = spec(
        "recall",
        RecallArguments,
        "Look back: fetch a cut tool result whole by id, or search earlier actions by query.",
        read_only=True,
    )

    def __init__(self, archive: Archive, *, chars_max: int = 8000) -> None:
        self._archive = archive
        self._page_chars = chars_max - 100

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        wanted = validated(RecallArguments, arguments)
        match wanted.id, wanted.query:
            case str(call_id), None:
                return ToolResult(await self._page(call_id, wanted.cursor))
            case None, str(query):
                return ToolResult(await self._found(query, wanted))
            case _:
                raise ToolError("send either query or id")

    async def _page(self, call_id: str, cursor: int) -> str:
        text = await self._archive.result(call_id)
        if text is None:
            raise ToolError(f"there is no result with the id {call_id!r}; search with query")
        if cursor > len(text):
            raise ToolError(f"the result has {len(text)} characters; cursor {cursor} is past them")
        end = cursor + self._page_chars
        if end >= len(text):
            return text[cursor:]
        return f"{text[cursor:end]}\n[{end} of {len(text)} characters; go on with cursor={end}]"

    async def _found(self, query: str, wanted: RecallArguments) -> str:
        found = await self._archive.find(query, kind=wanted.kind, limit=wanted.limit)
        if not found:
            return "nothing found; try other words"
        text = "\n\n".join(f"{one.id}  {one.title}\n{one.excerpt}".rstrip() for one in found)
        return text if len(text) <= self._page_chars else f"{text[: self._page_chars]}…"
