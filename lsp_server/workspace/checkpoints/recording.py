"""This module is an Editor that records what its Editor applied, so that it can be undone."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsp_server.domain.edits import Document, EditSet, FileEdit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.domain.events import Emit, FileChanged
from lsp_server.domain.goals import Finding
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.ports import Editor
from lsp_server.workspace.checkpoints.file_state import FolderState, file_state
from lsp_server.workspace.files.disk import FileMissing, read_bytes
from lsp_server.workspace.files.encoding import UTF_8, Encoding, decode, encode
from lsp_server.workspace.files.paths import Workspace

NEW_FILE_MODE = 0o644
"""The mode of a file that only an editor has yet."""


class ContentStore(Protocol):
    """A `ContentStore` keeps contents, as `checkpoints.Checkpoints` does."""

    def keep(self, data: bytes) -> None:
        """Keeps a content. Blocking."""
        ...

    def warn_of_losses(self, emit: Emit) -> None:
        """Says once if contents cannot be kept."""
        ...


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """What the disk has at a path: its bytes, None where no file can be read, its mode, and its names."""

    data: bytes | None
    mode: int
    links: int = 1

    @property
    def encoding(self) -> Encoding:
        decoded = decode(self.data) if self.data is not None else None
        return decoded[1] if decoded else UTF_8

    def bytes_of(self, text: str, encoding: Encoding) -> bytes:
        """The very bytes if the disk has that text, else those that an editor would write."""
        decoded = decode(self.data) if self.data is not None else None
        if self.data is not None and decoded is not None and decoded[0] == text:
            return self.data
        try:
            return encode(text, encoding)
        except EditRejected:
            return text.encode("utf-8", "surrogatepass")


class Recording:
    """A `Recording` is an Editor that records what its Editor applied."""

    def __init__(
        self, editor: Editor, store: ContentStore, workspace: Workspace, emit: Emit
    ) -> None:
        self._editor = editor
        self._store = store
        self._workspace = workspace
        self._emit = emit

    async def read(self, path: Path) -> Document:
        """Reads the file through its Editor."""
        return await self._editor.read(path)

    async def apply(self, edits: EditSet) -> None:
        """Applies, then keeps each file as it was and as it is, and emits a FileChanged for it."""
        texts = [await self._text(edit.path) for edit in edits.files]
        before = await asyncio.to_thread(lambda: [_look(edit.path) for edit in edits.files])
        missing = await asyncio.to_thread(self._missing_folders, edits)
        await self._editor.apply(edits)
        for folder in missing:
            self._record_folder(folder)
        for edit, text, disk in zip(edits.files, texts, before, strict=True):
            self._emit(await asyncio.to_thread(self._change, edit, text, disk))
        self._store.warn_of_losses(self._emit)

    async def confirm(self, question: Question) -> Answered | None:
        """Asks as its Editor does."""
        return await self._editor.confirm(question)

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Reports what its Editor reports."""
        return await self._editor.diagnostics(path)

    async def _text(self, path: Path) -> str | None:
        try:
            return (await self._editor.read(path)).text
        except FileMissing:
            return None

    def _missing_folders(self, edits: EditSet) -> list[Path]:
        """The folders that the edits will make, those above others first."""
        above = {
            folder
            for edit in edits.files
            if edit.base is None
            for folder in edit.path.parents
            if self._workspace.inside(folder) and not folder.exists()
        }
        return sorted(above)

    def _record_folder(self, folder: Path) -> None:
        with suppress(OSError):
            state = FolderState(stat.S_IMODE(folder.lstat().st_mode))
            name = f"{self._workspace.relative(folder)}/"
            self._emit(FileChanged(name, None, str(state)))

    def _change(self, edit: FileEdit, text: str | None, before: _OnDisk) -> FileChanged:
        """Keeps both contents. Blocking."""
        after_text = None if edit.deletes else edit.result(text or "")
        after = _look(edit.path)
        return FileChanged(
            self._workspace.relative(edit.path),
            self._kept(text, before, before.encoding),
            self._kept(after_text, after, before.encoding),
        )

    def _kept(self, text: str | None, disk: _OnDisk, encoding: Encoding) -> str | None:
        if text is None:
            return None
        data = disk.bytes_of(text, encoding)
        self._store.keep(data)
        return str(file_state(data, disk.mode, links=disk.links))


def _look(path: Path) -> _OnDisk:
    try:
        state = path.lstat()
        return _OnDisk(read_bytes(path), state.st_mode, state.st_nlink)
    except (OSError, ToolError):
        return _OnDisk(None, NEW_FILE_MODE)
