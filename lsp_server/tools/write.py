"""`write`: a whole file, new or replaced."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import ToolResult
from lsp_server.domain.ports import Editor
from lsp_server.redaction.redactor import Redactor
from lsp_server.text.diff import diff_stat, unified_diff
from lsp_server.text.excerpt import split_lines
from lsp_server.tools.arguments import Arguments, spec, validate
from lsp_server.workspace.disk import FileMissing
from lsp_server.workspace.paths import Workspace


class WriteArguments(Arguments):
    path: str
    text: str = Field(description="The whole content.")


class Write:
    """Keeps line endings and encoding of a file that is there."""

    spec = spec(
        "write",
        WriteArguments,
        "Create a file, or replace its whole content. For a part of a file use edit.",
        read_only=False,
    )

    def __init__(
        self, workspace: Workspace, editor: Editor, redactor: Redactor | None = None
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._redactor = redactor or Redactor()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        wanted = validate(WriteArguments, arguments)
        path = self._workspace.locate(wanted.path)
        relative = self._workspace.relative(path)
        before, after = await self._texts(wanted)
        if before is None:
            edit = FileEdit(path, None, (TextEdit(0, 0, after),) if after else ())
            done = f"created {relative}, {len(split_lines(after))} lines"
        elif before == after:
            return ToolResult(f"{relative} has this content already; nothing changed")
        else:
            edit = FileEdit(path, fingerprint(before), minimal_edit(before, after))
            done = f"replaced {relative}: {diff_stat(before, after)}"
        await self._editor.apply(EditSet((edit,), f"write {wanted.path}"))
        return ToolResult(done, changed=(relative,))

    async def preview(self, arguments: Mapping[str, object]) -> str:
        """The change as a diff, applied to nothing. Raises ToolError when it would fail."""
        wanted = validate(WriteArguments, arguments)
        before, after = await self._texts(wanted)
        relative = self._workspace.relative(self._workspace.locate(wanted.path))
        before, after = (self._redactor.of_file(relative, text) for text in (before or "", after))
        return unified_diff(relative, before, after)

    async def _texts(self, wanted: WriteArguments) -> tuple[str | None, str]:
        """The text that is there, None: no file, and the one to come."""
        if wanted.path.endswith("/"):
            raise ToolError(f"{wanted.path!r} names a folder; send the path of a file")
        path = self._workspace.locate(wanted.path)
        relative = self._workspace.relative(path)
        try:
            document = await self._editor.read(path)
        except FileMissing:
            return None, self._redactor.restored(wanted.text, relative, "")
        text = self._redactor.restored(wanted.text, relative, document.text)
        plain = text.replace("\r\n", "\n")
        is_crlf = document.text.count("\r\n") * 2 > document.text.count("\n")
        return document.text, plain.replace("\n", "\r\n") if is_crlf else text
