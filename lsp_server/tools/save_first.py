"""This module wraps a tool that reads the disk, so that it sees what runs left in buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lsp_server.domain.ports import Tool
from lsp_server.domain.tools import Needs, ToolResult, ToolSpec
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.paths import Workspace


class SaveFirst:
    """A Tool holding a Tool that reads the disk: it saves what runs wrote, and names what only a
    person can save.
    """

    def __init__(self, tool: Tool, workspace: Workspace, documents: Documents) -> None:
        self._tool = tool
        self._workspace = workspace
        self._documents = documents

    @property
    def spec(self) -> ToolSpec:
        return self._tool.spec

    def describe(self, arguments: Mapping[str, object]) -> str:
        """As the tool itself."""
        return self._tool.describe(arguments)

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """What the tool itself needs."""
        return self._tool.needs(arguments)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        await self._documents.save_drafts()
        result = await self._tool.call(arguments)
        unsaved = await self._documents.unsaved()
        if not unsaved:
            return result
        names = ", ".join(self._workspace.relative(path) for path in unsaved)
        note = f"[not seen by the command, as the person has not saved it: {names}]"
        return replace(result, text=f"{result.text}\n{note}")
