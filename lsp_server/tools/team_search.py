"""This module lets the tool `search` look through the other repositories of a team."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import Needs, ToolResult, ToolSpec
from lsp_server.tools.arguments import spec, validate
from lsp_server.tools.search import Search, SearchArguments
from lsp_server.tools.tool_holder import ToolHolder

SearchRepository: TypeAlias = Callable[[str, str, str, int], Awaitable[str]]
"""Takes a query, a repository or `*`, a path in it to stay in or "", and a number of hits.

The answer is for the model. Raises ToolError.
"""


class TeamSearchArguments(SearchArguments):
    """These are the arguments of `search` where a team's base is used."""

    repository: str | None = Field(
        None, description="Another repository of the team, * for all; by meaning."
    )


class TeamSearch(ToolHolder[Search]):
    """A `TeamSearch` is a Search that asks `in_repository` where a call names a repository."""

    def __init__(self, tool: Search, in_repository: SearchRepository) -> None:
        super().__init__(tool)
        self._in_repository = in_repository

    @property
    def spec(self) -> ToolSpec:
        """Returns the spec of a Search, with one argument more."""
        own = self._tool.spec
        return spec(own.name, TeamSearchArguments, own.description, kind=own.kind, forms=own.forms)

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs what a Search does; the path of another repository is none of here."""
        wanted = validate(TeamSearchArguments, arguments)
        return self._tool.needs(_of_search(arguments, path="." if wanted.repository else None))

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Returns the matches. Raises ToolError for what cannot be searched."""
        wanted = validate(TeamSearchArguments, arguments)
        if not wanted.repository:
            return await self._tool.call(_of_search(arguments))
        if "mode" in wanted.model_fields_set and wanted.mode != "semantic":
            raise ToolError("other repositories are searched by meaning; use mode semantic")
        path = (wanted.path or "").strip("/").removeprefix("./")
        text = await self._in_repository(
            wanted.query, wanted.repository, path if path != "." else "", wanted.limit
        )
        return ToolResult(text)


def _of_search(arguments: Mapping[str, object], path: str | None = None) -> dict[str, object]:
    """The arguments that a Search knows, with another path if one is given."""
    known = {
        name: value for name, value in arguments.items() if name in SearchArguments.model_fields
    }
    return known if path is None else {**known, "path": path}
