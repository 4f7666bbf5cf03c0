"""Open buffers over the disk: an unsaved buffer is the truth.

Commands read the disk, though, and no editor can be told to save. So what a
run wrote into a buffer that was saved before is a draft, which is brought to
the disk before a command runs. What a person typed is the person's to save.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lsp_server.domain.edits import Document, FileEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.workspace.disk import apply_edits_on_disk, read_text


class Documents:
    """Every text that can be read. An editor's paths are made canonical here."""

    def __init__(self) -> None:
        self._buffers: dict[Path, str] = {}
        self._drafts: dict[Path, _Draft] = {}

    def open(self, path: Path, text: str) -> None:
        """The editor holds the file now, with this text."""
        self._buffers[path.resolve()] = text

    def change(self, path: Path, text: str) -> None:
        """The buffer's whole text is this now."""
        self._buffers[path.resolve()] = text

    def close(self, path: Path) -> None:
        """The disk is the truth again."""
        self._buffers.pop(path.resolve(), None)
        self._drafts.pop(path.resolve(), None)

    def buffers(self) -> Mapping[Path, str]:
        """The open files' texts, a live view."""
        return MappingProxyType(self._buffers)

    async def drafted(self, path: Path, before: str, after: str) -> None:
        """A run changed a buffer from `before` to `after`, which the editor did not save."""
        known = self._drafts.pop(path, None)
        if known is not None and known.text == before:
            self._drafts[path] = _Draft(known.base, after)
        elif await asyncio.to_thread(is_saved, path, before):
            self._drafts[path] = _Draft(before, after)

    async def save_drafts(self) -> None:
        """Brings drafts that nobody has typed into since to the disk."""
        drafts = {p: d for p, d in self._drafts.items() if self._buffers.get(p) == d.text}
        self._drafts.clear()
        if drafts:
            await asyncio.to_thread(_save, drafts)

    async def unsaved(self) -> list[Path]:
        """The open files of which the disk has another text."""
        buffers = dict(self._buffers)
        return await asyncio.to_thread(
            lambda: [path for path, text in buffers.items() if not is_saved(path, text)]
        )

    async def read(self, path: Path) -> Document:
        """Of a canonical path: buffer first, else disk. Raises ToolError, perhaps FileMissing."""
        buffer = self._buffers.get(path)
        if buffer is not None:
            return Document(path, buffer)
        file = await asyncio.to_thread(read_text, path)
        return Document(path, file.text)


@dataclass(frozen=True, slots=True)
class _Draft:
    """`text` is in the buffer while the disk still has `base`."""

    base: str
    text: str


def _save(drafts: Mapping[Path, _Draft]) -> None:
    for path, draft in drafts.items():
        edit = FileEdit(path, fingerprint(draft.base), minimal_edit(draft.base, draft.text))
        # A file that moved on the disk, or cannot be written, is the person's to sort out.
        with suppress(EditRejected):
            apply_edits_on_disk([edit])


def copy_unsaved(buffers: Mapping[Path, str], folder: Path) -> dict[Path, Path]:
    """Writes each text that differs from the disk into `folder`; the copies and whose they are.

    For programs that search files. Blocking; call it in a thread.
    """
    copies: dict[Path, Path] = {}
    for path, text in buffers.items():
        if not is_saved(path, text):
            copy = folder / str(len(copies))
            copy.write_text(text, encoding="utf-8", errors="replace", newline="")
            copies[copy] = path
    return copies


def is_saved(path: Path, text: str) -> bool:
    """Whether the disk has this text. Blocking."""
    try:
        return read_text(path).text == text
    except ToolError:
        return False
