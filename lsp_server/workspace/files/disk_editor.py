"""This module is the Editor seam without an editor: it reads and writes files on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.edits import Document, EditSet
from lsp_server.domain.errors import EditRejected
from lsp_server.domain.goals import Finding
from lsp_server.domain.permissions import Answered, Question
from lsp_server.workspace.files.disk import apply_edits_on_disk
from lsp_server.workspace.files.documents import Documents, is_saved

Confirm: TypeAlias = Callable[[Question], Awaitable[Answered | None]]


class DiskEditor:
    """A `DiskEditor` is an Editor over the disk, which never overwrites unsaved text.

    `documents` are the open buffers, `confirm` asks a person; None when there is nobody to ask.
    """

    def __init__(self, documents: Documents, confirm: Confirm | None = None) -> None:
        self._documents = documents
        self._confirm = confirm
        self._writing = asyncio.Lock()

    async def read(self, path: Path) -> Document:
        """Reads a file, its buffer first. Raises ToolError: missing, binary, too large."""
        return await self._documents.read(path)

    async def apply(self, edits: EditSet) -> None:
        """Applies all of the edits or none, each against its base. Raises EditRejected."""
        async with self._writing:
            await self._documents.check(edit.path for edit in edits.files)
            buffers = self._documents.buffers()
            open_before = {e.path: buffers[e.path] for e in edits.files if e.path in buffers}
            await asyncio.to_thread(_apply, edits, open_before)
            for edit in edits.files:
                if edit.path in open_before and not edit.deletes:
                    self._documents.change(edit.path, edit.result(open_before[edit.path]))

    async def confirm(self, question: Question) -> Answered | None:
        """Asks a person; None when nobody can be asked here."""
        return await self._confirm(question) if self._confirm else None

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Gives None, since no language server reports here."""
        del path
        return None


def _apply(edits: EditSet, buffers: dict[Path, str]) -> None:
    for path, text in buffers.items():
        if not is_saved(path, text):
            raise EditRejected(
                f"{path.name} has unsaved changes in an editor", "they must be saved first"
            )
    apply_edits_on_disk(edits.files)
