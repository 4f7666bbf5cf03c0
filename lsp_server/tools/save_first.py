"""This module wraps a tool that reads the disk, so that it sees what runs left in buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lsp_server.domain.ports import Tool
from lsp_server.domain.tools import ToolResult
from lsp_server.tools.tool_holder import ToolHolder
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace


class SaveFirst(ToolHolder[Tool]):
    """A `SaveFirst` is a Tool that holds a Tool which reads the disk, such as a shell.

    Before each call it saves what runs wrote into open buffers. What a person typed stays
    theirs to save; the result names those files, so that the model knows what the tool
    could not see.
    """

    def __init__(self, tool: Tool, workspace: Workspace, documents: Documents) -> None:
        super().__init__(tool)
        self._workspace = workspace
        self._documents = documents

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Saves, calls the tool inside, and adds the names of unsaved files to its result."""
        await self._documents.save_drafts()
        result = await self._tool.call(arguments)
        # Asked after the call, so that a file that was typed into meanwhile is named too.
        unsaved = await self._documents.unsaved()
        if not unsaved:
            return result
        names = ", ".join(self._workspace.relative(path) for path in unsaved)
        note = f"[not seen by the command, as the person has not saved it: {names}]"
        return replace(result, text=f"{result.text}\n{note}")
