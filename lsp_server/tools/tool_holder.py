"""A `ToolHolder` is a Tool that holds one, and says of itself what that one says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from lsp_server.domain.ports import Tool
from lsp_server.domain.tools import Needs, ToolSpec

T = TypeVar("T", bound=Tool)


class ToolHolder(Generic[T]):
    """A `ToolHolder` is the common part of Tools that wrap one; each of them adds its `call`."""

    def __init__(self, tool: T) -> None:
        self._tool = tool

    @property
    def spec(self) -> ToolSpec:
        """Returns the spec of the tool inside."""
        return self._tool.spec

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as the tool inside does."""
        return self._tool.describe(arguments)

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs what the tool inside needs."""
        return self._tool.needs(arguments)
