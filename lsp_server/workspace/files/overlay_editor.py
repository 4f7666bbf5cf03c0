"""This module has an Editor on which files change and the disk does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsp_server.domain.edits import Document, EditSet
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.goals import Finding
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.ports import Editor

UNREADABLE = ""
"""The version of a file that does not exist or cannot be read."""


class OverlayEditor:
    """An `OverlayEditor` is an Editor on which files change and the disk does not.

    It reads through `editor`, and keeps to itself what is written.
    """

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self.texts: dict[Path, str | None] = {}
        """By path: the text that was written, None for a file that was removed."""
        self.before: dict[Path, str] = {}
        """By path: the text before that, "" for a new file."""
        self.read_versions: dict[str, str] = {}
        """The version of each file that `editor` was asked for, as in a CandidateGroup."""

    async def read(self, path: Path) -> Document:
        """Returns the text as it would be by now. Raises ToolError."""
        if path not in self.texts:
            return await self._read_through(path)
        text = self.texts[path]
        if text is None:
            raise ToolError(f"{path.name} would be gone by then")
        return Document(path, text)

    async def _read_through(self, path: Path) -> Document:
        try:
            document = await self._editor.read(path)
        except ToolError:
            self.read_versions.setdefault(str(path), UNREADABLE)
            raise
        self.read_versions.setdefault(str(path), document.version)
        return document

    async def apply(self, edits: EditSet) -> None:
        """Keeps the edits. Raises EditRejected when they do not fit the text by now."""
        for file in edits.files:
            text = "" if file.base is None else (await self.read(file.path)).text
            if file.base is None and self.texts.get(file.path) is not None:
                raise EditRejected(f"{file.path.name} exists by then")
            self.before.setdefault(file.path, text)
            self.texts[file.path] = None if file.deletes else file.result(text)

    async def confirm(self, question: Question) -> Answered | None:
        """Asks nobody."""
        del question
        return None

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Knows of none."""
        del path
        return None
