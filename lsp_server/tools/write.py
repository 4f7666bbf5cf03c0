"""The tool `write` makes a file, or replaces its whole content."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from lsp_server.domain.edits import (
    EditSet,
    FileEdit,
    PlannedEdit,
    TextEdit,
    fingerprint,
    minimal_edit,
)
from lsp_server.domain.errors import ToolError
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import Needs, NeedsPath, ToolResult
from lsp_server.redaction.redactor import Redactor
from lsp_server.text.count import count_of
from lsp_server.text.diff import diff_stat, unified_diff
from lsp_server.text.excerpt import split_lines
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.workspace.files.disk import FileMissing
from lsp_server.workspace.files.paths import Workspace


class WriteArguments(ToolArguments):
    """These are the arguments of `write`."""

    path: str
    text: str = Field(description="The whole content.")


class Write:
    """A `Write` tool writes whole files; a file that exists keeps its line endings and encoding.

    `redactor` puts the file's secrets back where the model saw markers.
    """

    spec = spec(
        "write",
        WriteArguments,
        "Create a file, or replace its whole content. For a part of a file use edit.",
        kind="edit",
        forms={"path": "path"},
    )

    def __init__(
        self, workspace: Workspace, editor: Editor, redactor: Redactor | None = None
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._redactor = redactor or Redactor()

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `write src/a.py`."""
        return describe(self.spec.name, arguments.get("path"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to write the path."""
        return NeedsPath(validate(WriteArguments, arguments).path, writes=True)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Plans the change and applies it. Raises ToolError."""
        return await self.apply(await self.plan(arguments))

    async def plan(
        self, arguments: Mapping[str, object], editor: Editor | None = None
    ) -> PlannedEdit:
        """Computes the new content against the text that is there now. Raises ToolError."""
        wanted = validate(WriteArguments, arguments)
        if wanted.path.endswith("/"):
            raise ToolError(f"{wanted.path!r} names a folder; send the path of a file")
        path = self._workspace.locate(wanted.path)
        before = await _read_text(editor or self._editor, path)
        # Secrets are looked for in all of a file, which takes seconds for a large one.
        return await asyncio.to_thread(self._planned, arguments, wanted, path, before)

    def _planned(
        self,
        arguments: Mapping[str, object],
        wanted: WriteArguments,
        path: Path,
        before: str | None,
    ) -> PlannedEdit:
        relative = self._workspace.relative(path)
        after = self._new_content(wanted.text, relative, before)
        if before == after:
            done = f"{relative} has this content already; nothing changed"
            return PlannedEdit(arguments, None, "", ToolResult(done))
        edit, done = _make_edit(path, relative, before, after)
        shown = [self._redactor.of_file(relative, text) for text in (before or "", after)]
        return PlannedEdit(
            arguments,
            EditSet((edit,), f"write {wanted.path}"),
            unified_diff(relative, *shown),
            ToolResult(done, changed=(relative,)),
            *shown,
        )

    async def apply(self, planned: PlannedEdit) -> ToolResult:
        """Applies what was planned. Raises StaleEdit when the file changed since.

        It is not planned anew then: the whole content was written for the text
        that was read, and what a person typed meanwhile would be lost.
        """
        if planned.edits is not None:
            await self._editor.apply(planned.edits)
        return planned.result

    def _new_content(self, text: str, relative: str, before: str | None) -> str:
        """Returns the new content, with the file's own secrets and line endings."""
        text = self._redactor.restored(text, relative, before or "")
        if before is None:
            return text
        # A file with mixed line endings gets those of most of its lines.
        is_crlf = before.count("\r\n") * 2 > before.count("\n")
        return text.replace("\r\n", "\n").replace("\n", "\r\n") if is_crlf else text


async def _read_text(editor: Editor, path: Path) -> str | None:
    """Returns the text of the file, None when there is no file."""
    try:
        return (await editor.read(path)).text
    except FileMissing:
        return None


def _make_edit(path: Path, relative: str, before: str | None, after: str) -> tuple[FileEdit, str]:
    """Returns the edit, and one line that says what it does."""
    if before is None:
        edit = FileEdit(path, None, (TextEdit(0, 0, after),) if after else ())
        return edit, f"created {relative}, {count_of(len(split_lines(after)), 'line')}"
    edit = FileEdit(path, fingerprint(before), minimal_edit(before, after))
    return edit, f"replaced {relative}: {diff_stat(before, after)}"
