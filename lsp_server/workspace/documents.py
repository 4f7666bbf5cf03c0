"""Open buffers over the disk: an unsaved buffer is the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lsp_server.domain.edits import Document
from lsp_server.domain.errors import ToolError
from lsp_server.workspace.disk import read_text


class Documents:
    """Every text that can be read. An editor's paths are made canonical here."""

    def __init__(self) -> None:
        self._buffers: dict[Path, str] = {}

    def open(self, path: Path, text: str) -> None:
        """The editor holds the file now, with this text."""
        self._buffers[path.resolve()] = text

    def change(self, path: Path, text: str) -> None:
        """The buffer's whole text is this now."""
        self._buffers[path.resolve()] = text

    def close(self, path: Path) -> None:
        """The disk is the truth again."""
        self._buffers.pop(path.resolve(), None)

    def buffers(self) -> Mapping[Path, str]:
        """The open files' texts, a live view."""
        return MappingProxyType(self._buffers)

    async def read(self, path: Path) -> Document:
        """Of a canonical path: buffer first, else disk. Raises ToolError, perhaps FileMissing."""
        buffer = self._buffers.get(path)
        if buffer is not None:
            return Document(path, buffer)
        file = await asyncio.to_thread(read_text, path)
        return Document(path, file.text)


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
