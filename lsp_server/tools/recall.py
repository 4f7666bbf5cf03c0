"""The tool `recall` looks back at what happened earlier and is no longer in the prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate

LIMIT = 8
LEFT_OUT_CHARS_MAX = 1000


@dataclass(frozen=True, slots=True)
class RecallHit:
    """One thing found: `id` fetches it whole, `title` is one line, `excerpt` a few."""

    id: str
    title: str
    excerpt: str


class History(Protocol):
    """What a run, and the runs before it, recorded."""

    async def get(self, entry_id: str) -> str | None:
        """The whole text behind an id; None when there is no such thing."""
        ...

    async def search(self, query: str, *, kind: str | None, limit: int) -> Sequence[RecallHit]:
        """The best matches first; `kind` narrows to what the archive calls so."""
        ...

    async def around(self, entry_id: str, steps: int) -> Sequence[RecallHit]:
        """What happened so many steps before and after it, in order; nothing if unknown."""
        ...


class RecallArguments(ToolArguments):
    query: str | None = Field(None, description="Words to look for, or a question.")
    id: str | None = Field(None, description="Id of a cut result, or of something found.")
    around: int | None = Field(
        None, ge=1, le=20, description="With id: what happened so many steps before and after."
    )
    kind: str | None = Field(
        None, description="Narrows a query: a tool's name, or person, answer, verdict."
    )
    limit: int = Field(LIMIT, ge=1, le=50)
    cursor: int = Field(0, ge=0, description="Where to go on in a long text.")


class Recall:
    """Whole texts by id, page by page; a search; or the steps around something found.

    `chars_max` bounds one answer.
    """

    spec = spec(
        "recall",
        RecallArguments,
        "Look back over this run and earlier ones: search by query, fetch something whole by id, "
        "or see what happened around an id.",
        kind="recall",
    )

    def __init__(self, archive: History, *, chars_max: int = 8000) -> None:
        self._archive = archive
        self._page_chars = chars_max - 100

    def describe(self, arguments: Mapping[str, object]) -> str:
        """As in `recall call_7`, or with the words that are looked for."""
        return describe(self.spec.name, arguments.get("query") or arguments.get("id"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Reads what Holdfast recorded itself."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        wanted = validate(RecallArguments, arguments)
        match wanted.id, wanted.query:
            case str(entry_id), None if wanted.around is not None:
                return ToolResult(await self._near(entry_id, wanted.around))
            case str(entry_id), None:
                return ToolResult(await self._page(entry_id, wanted.cursor))
            case None, str(query):
                found = await self._archive.search(query, kind=wanted.kind, limit=wanted.limit)
                return ToolResult(self._listed(found) or "nothing found; try fewer or other words")
            case _:
                raise ToolError("send either query or id")

    async def _page(self, entry_id: str, cursor: int) -> str:
        text = await self._archive.get(entry_id)
        if text is None:
            raise ToolError(_unknown(entry_id))
        if cursor > len(text):
            raise ToolError(f"the text has {len(text)} characters; cursor {cursor} is past them")
        end = cursor + self._page_chars
        if end >= len(text):
            return text[cursor:]
        return f"{text[cursor:end]}\n[{end} of {len(text)} characters; go on with cursor={end}]"

    async def _near(self, entry_id: str, steps: int) -> str:
        found = await self._archive.around(entry_id, steps)
        if not found:
            raise ToolError(_unknown(entry_id))
        return self._listed(found)

    def _listed(self, found: Sequence[RecallHit]) -> str:
        """As many as fit on a page; the ids of the others."""
        shown: list[str] = []
        left = self._page_chars
        for place, one in enumerate(found):
            text = f"{one.id}  {one.title}\n{one.excerpt}".rstrip()
            left -= len(text) + 2
            if left < 0 and shown:
                ids = ", ".join(other.id for other in found[place:])
                shown.append(f"[{len(found) - place} more: {ids}]"[:LEFT_OUT_CHARS_MAX])
                break
            shown.append(text[: self._page_chars])
        return "\n\n".join(shown)


def _unknown(entry_id: str) -> str:
    return f"there is nothing with the id {entry_id!r}; search with query"
