"""The tool `read` shows a file, or a part of it, with line numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.images import described
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import Needs, NeedsPath, ToolResult
from lsp_server.redaction.redactor import Redactor
from lsp_server.text.count import count_of
from lsp_server.text.excerpt import cut_line, split_lines
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.workspace.files.disk import ImageFile
from lsp_server.workspace.files.images import read_image
from lsp_server.workspace.files.paths import Workspace

LINES_MAX = 2000


class ReadArguments(ToolArguments):
    """These are the arguments of `read`."""

    path: str
    start_line: int | None = Field(None, ge=1, description="First line, from 1.")
    end_line: int | None = Field(None, ge=1, description="Last line, included.")


class Read:
    """A `Read` tool shows a file's text, the unsaved one where the editor has some, or an image.

    `chars_max` bounds one answer; `redactor` hides the secrets in it.
    """

    spec = spec(
        "read",
        ReadArguments,
        "Read a text file, or look at an image. Lines come as number, tab, text. A long file "
        "comes in parts; the last line says how to go on.",
        kind="read",
        forms={"path": "path"},
    )

    def __init__(
        self,
        workspace: Workspace,
        editor: Editor,
        redactor: Redactor | None = None,
        *,
        chars_max: int = 8000,
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._redactor = redactor or Redactor()
        self._chars_max = chars_max

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `read src/a.py`."""
        return describe(self.spec.name, arguments.get("path"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to read the path."""
        return NeedsPath(validate(ReadArguments, arguments).path, writes=False)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Returns the lines that were asked for. Raises ToolError when there are none."""
        return await self._read(validate(ReadArguments, arguments), self._editor)

    async def check(self, arguments: Mapping[str, object], editor: Editor) -> None:
        """Reads the same lines of the texts of `editor`. Raises ToolError as `call` does."""
        await self._read(validate(ReadArguments, arguments), editor)

    async def _read(self, wanted: ReadArguments, editor: Editor) -> ToolResult:
        path = self._workspace.locate(wanted.path)
        try:
            document = await editor.read(path)
        except ImageFile:
            return await self._look_at(path)
        # The whole text is looked at, since the middle of a key does not look like one.
        name = self._workspace.relative(document.path)
        text = await asyncio.to_thread(self._redactor.of_file, name, document.text)
        lines = split_lines(text)
        if not lines:
            return ToolResult("(the file is empty)", read=(name,))
        start = wanted.start_line or 1
        end = min(wanted.end_line or len(lines), len(lines))
        if start > len(lines):
            raise ToolError(
                f"{wanted.path} has {count_of(len(lines), 'line')}; start_line {start} is past them"
            )
        if end < start:
            raise ToolError(f"end_line {end} is before start_line {start}")
        return ToolResult(self._show(lines, start, end), read=(name,))

    async def _look_at(self, path: Path) -> ToolResult:
        name = self._workspace.relative(path)
        image = await asyncio.to_thread(read_image, path, name)
        return ToolResult(described("", [image]), read=(name,), images=(image,))

    def _show(self, lines: list[str], start: int, end: int) -> str:
        shown: list[str] = []
        # The last line, which says how to go on, takes up to 100 characters.
        room = self._chars_max - 100
        for number in range(start, min(end, start + LINES_MAX - 1) + 1):
            line = f"{number}\t{cut_line(lines[number - 1])}"
            room -= len(line) + 1
            if room < 0 and shown:
                break
            shown.append(line)
        last = start + len(shown) - 1
        if last < len(lines) and last < end:
            shown.append(
                f"[lines {start}-{last} of {len(lines)}; go on with start_line={last + 1}]"
            )
        elif start > 1 or last < len(lines):
            shown.append(f"[lines {start}-{last} of {len(lines)}]")
        return "\n".join(shown)
