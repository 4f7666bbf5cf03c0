"""The tool `recall` looks back at what happened earlier and is no longer in the prompt.

It finds by words, or fetches by an id that a cut result or a hit names. Long answers come
page by page. Where it looks is behind `History`: the journals, and memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult
from lsp_server.text.count import count_of
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate

LIMIT = 8
LEFT_OUT_CHARS_MAX = 1000
"""How much of an answer may be ids of hits that found no room."""


@dataclass(frozen=True, slots=True)
class RecallHit:
    """A `RecallHit` is one thing found.

    `id` fetches it whole, `title` is one line, `excerpt` are a few lines of it.
    """

    id: str
    title: str
    excerpt: str


class History(Protocol):
    """A `History` looks back over what a run, and the runs before it, recorded."""

    async def get(self, entry_id: str) -> str | None:
        """Returns the whole text behind an id; None when there is no such thing."""
        ...

    async def search(self, query: str, *, kind: str | None, limit: int) -> Sequence[RecallHit]:
        """Finds up to `limit` entries, the best first.

        `kind` narrows to a tool's name, or to `person`, `answer` or `verdict`.
        """
        ...

    async def around(self, entry_id: str, steps: int) -> Sequence[RecallHit]:
        """Returns what happened so many steps before and after it, in order; () if unknown."""
        ...


class RecallArguments(ToolArguments):
    """These are the arguments of `recall`: a query or an id, never both."""

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
    """A `Recall` tool searches the history, fetches by id, or shows the steps around an id.

    `chars_max` bounds one answer; a longer text goes on with `cursor`.
    """

    spec = spec(
        "recall",
        RecallArguments,
        "Look back over this run and earlier ones: search by query, fetch something whole by id, "
        "or see what happened around an id.",
        kind="recall",
    )

    def __init__(self, history: History, *, chars_max: int = 8000) -> None:
        self._history = history
        # The line that says how to go on takes up to 100 characters.
        self._page_chars = chars_max - 100

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `recall call_7`, or with the words that are looked for."""
        return describe(self.spec.name, arguments.get("query") or arguments.get("id"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: it reads what Holdfast itself recorded."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Looks back. Raises ToolError for an unknown id, and unless there is one of id and query."""
        wanted = validate(RecallArguments, arguments)
        match wanted.id, wanted.query:
            case str(entry_id), None if wanted.around is not None:
                return ToolResult(await self._look_around(entry_id, wanted.around))
            case str(entry_id), None:
                return ToolResult(await self._page(entry_id, wanted.cursor))
            case None, str(query):
                found = await self._history.search(query, kind=wanted.kind, limit=wanted.limit)
                return ToolResult(self._list(found) or "nothing found; try fewer or other words")
            case _:
                raise ToolError("send either query or id")

    async def _page(self, entry_id: str, cursor: int) -> str:
        text = await self._history.get(entry_id)
        if text is None:
            raise ToolError(_explain_unknown(entry_id))
        if cursor > len(text):
            raise ToolError(
                f"the text has {count_of(len(text), 'character')}; cursor {cursor} is past them"
            )
        end = cursor + self._page_chars
        if end >= len(text):
            return text[cursor:]
        whole = count_of(len(text), "character")
        return f"{text[cursor:end]}\n[{end} of {whole}; go on with cursor={end}]"

    async def _look_around(self, entry_id: str, steps: int) -> str:
        found = await self._history.around(entry_id, steps)
        if not found:
            raise ToolError(_explain_unknown(entry_id))
        return self._list(found)

    def _list(self, found: Sequence[RecallHit]) -> str:
        """Shows as many hits as fit on a page, and the ids of the others."""
        shown: list[str] = []
        left = self._page_chars
        for place, one in enumerate(found):
            text = f"{one.id}  {one.title}\n{one.excerpt}".rstrip()
            left -= len(text) + 2
            # The first hit is always shown, if need be cut.
            if left < 0 and shown:
                ids = ", ".join(other.id for other in found[place:])
                shown.append(f"[{len(found) - place} more: {ids}]"[:LEFT_OUT_CHARS_MAX])
                break
            shown.append(text[: self._page_chars])
        return "\n\n".join(shown)


def _explain_unknown(entry_id: str) -> str:
    return f"there is nothing with the id {entry_id!r}; search with query"
