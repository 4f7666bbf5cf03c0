"""This module keeps the open buffers: where there is one, its text counts and not the disk's.

Commands read the disk, though. So a text that a run wrote into a buffer that was
saved before is a draft, which is saved before a command runs: by the editor if it can
be asked to, since most ask a person about a file that was written beneath its buffer,
else on the disk. A text that a person typed is the person's to save.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.domain.edits import Document, FileEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import EditRejected, ToolError
from lsp_server.workspace.files.disk import apply_edits_on_disk, read_text
from lsp_server.workspace.files.notebooks import has_cells

SaveBuffers: TypeAlias = Callable[[Mapping[Path, str]], Awaitable[None]]
"""Has an editor save buffers that have these texts; one that it cannot save stays as it was."""


class Documents:
    """A `Documents` has the open buffers of an editor, and reads every other text from the disk.

    Paths that an editor gives are made canonical here.
    """

    def __init__(self) -> None:
        self.saves: SaveBuffers | None = None
        """How the editor that has the buffers saves them, None if it cannot be asked to."""
        self._buffers: dict[Path, str] = {}
        self._drafts: dict[Path, _Draft] = {}
        self._lost: set[Path] = set()
        self._notebooks: dict[Path, tuple[str, ...]] = {}

    def open(self, path: Path, text: str) -> None:
        """Takes a file that the editor opened, with its text."""
        self.change(path, text)

    def change(self, path: Path, text: str) -> None:
        """Takes the whole new text of a buffer."""
        self._buffers[path.resolve()] = text
        self._lost.discard(path.resolve())

    def lose(self, path: Path) -> None:
        """Says that nobody knows any more what text an open buffer has."""
        self._lost.add(path.resolve())
        self._drafts.pop(path.resolve(), None)

    def close(self, path: Path) -> None:
        """Forgets a buffer, since the editor closed it."""
        self._buffers.pop(path.resolve(), None)
        self._drafts.pop(path.resolve(), None)
        self._lost.discard(path.resolve())

    def take_over(self, others: Documents) -> None:
        """Has the buffers and notebooks that others have, in the place of its own."""
        # In place, since there are views of the buffers.
        self._buffers.clear()
        self._buffers.update(others._buffers)
        self._drafts = dict(others._drafts)
        self._lost = set(others._lost)
        self._notebooks = dict(others._notebooks)
        self.saves = others.saves

    def open_notebook(self, path: Path, cells: tuple[str, ...]) -> None:
        """Takes the texts of the cells of a notebook that is open as one."""
        self._notebooks[path.resolve()] = cells

    def close_notebook(self, path: Path) -> None:
        """Forgets a notebook, since the editor closed it."""
        self._notebooks.pop(path.resolve(), None)

    def buffers(self) -> Mapping[Path, str]:
        """Returns the open files' texts, a live view."""
        return MappingProxyType(self._buffers)

    async def add_draft(self, path: Path, before: str, after: str) -> None:
        """Notes that a run changed a buffer from `before` to `after` and nobody saved it."""
        known = self._drafts.pop(path, None)
        if known is not None and known.text == before:
            self._drafts[path] = _Draft(known.base, after)
        elif await asyncio.to_thread(is_saved, path, before):
            self._drafts[path] = _Draft(before, after)

    async def save_drafts(self) -> None:
        """Has the drafts saved that nobody has typed into since."""
        # A person who typed into the buffer since decides when it is saved.
        drafts = {p: d for p, d in self._drafts.items() if self._buffers.get(p) == d.text}
        self._drafts.clear()
        if drafts and self.saves is not None:
            await self.saves({path: draft.text for path, draft in drafts.items()})
        if drafts:
            # What the editor saved has another base by now, and stays as it is.
            await asyncio.to_thread(_save, drafts)

    async def unsaved(self) -> list[Path]:
        """Returns the open files and notebooks of which the disk has another text."""
        buffers = dict(self._buffers)
        texts = await asyncio.to_thread(
            lambda: [path for path, text in buffers.items() if not is_saved(path, text)]
        )
        return [*dict.fromkeys([*texts, *await self.withheld(Path("/"))])]

    async def withheld(self, place: Path) -> dict[Path, str]:
        """Returns the files at a place that nobody may read or edit now, each with the reason.

        The editor holds another text of them, and it cannot be known or is in cells.
        """
        why = {
            path: f"{path.name} is open, and a change of it could not be understood"
            for path in self._lost
            if path.is_relative_to(place)
        }
        for path, cells in list(self._notebooks.items()):
            if path.is_relative_to(place) and not await asyncio.to_thread(has_cells, path, cells):
                why[path] = f"{path.name} is open as a notebook with unsaved cells"
        return why

    async def check(self, paths: Iterable[Path]) -> None:
        """Raises EditRejected for a path that is withheld."""
        for path in paths:
            for reason in (await self.withheld(path)).values():
                raise EditRejected(reason, "ask the person to save it and to open it again")

    async def read(self, path: Path) -> Document:
        """Reads the buffer at a canonical path, else the file. Raises ToolError, FileMissing."""
        await self.check([path])
        buffer = self._buffers.get(path)
        if buffer is not None:
            return Document(path, buffer)
        file = await asyncio.to_thread(read_text, path)
        return Document(path, file.text)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A buffer has `text` while the disk still has `base`."""

    base: str
    text: str


def _save(drafts: Mapping[Path, _Draft]) -> None:
    for path, draft in drafts.items():
        edit = FileEdit(path, fingerprint(draft.base), minimal_edit(draft.base, draft.text))
        # A file that changed on the disk, or cannot be written, is the person's to sort out.
        with suppress(EditRejected):
            apply_edits_on_disk([edit])


def copy_unsaved(buffers: Mapping[Path, str], folder: Path) -> dict[Path, Path]:
    """Writes each text that differs from the disk into `folder`, for programs that search files.

    Returns the original of each copy. Blocking; call it in a thread.
    """
    copies: dict[Path, Path] = {}
    for path, text in buffers.items():
        if not is_saved(path, text):
            copy = folder / str(len(copies))
            copy.write_text(text, encoding="utf-8", errors="replace", newline="")
            copies[copy] = path
    return copies


def is_saved(path: Path, text: str) -> bool:
    """Returns whether the disk has this text at `path`. Blocking."""
    try:
        return read_text(path).text == text
    except ToolError:
        return False
