"""Commands read the disk: what runs left unsaved in buffers is brought there first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lsp_server.domain.messages import ToolResult, ToolSpec
from lsp_server.domain.ports import Tool
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.paths import Workspace


class SaveFirst:
    """A Tool holding a Tool that reads the disk. It names what only a person can save."""

    def __init__(self, tool: Tool, workspace: Workspace, documents: Documents) -> None:
        self._tool = tool
        self._workspace = workspace
        self._documents = documents

    @property
    def spec(self) -> ToolSpec:
        return self._tool.spec

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        await self._documents.save_drafts()
        result = await self._tool.call(arguments)
        unsaved = await self._documents.unsaved()
        if not unsaved:
            return result
        names = ", ".join(self._workspace.relative(path) for path in unsaved)
        note = f"[not seen by the command, as the person has not saved it: {names}]"
        return replace(result, text=f"{result.text}\n{note}")
