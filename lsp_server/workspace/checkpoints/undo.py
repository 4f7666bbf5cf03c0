"""This module takes back what a run changed, and nothing that a person did since.

A buffer may never have had the changes, as in an editor that did not read the file
again: then the disk alone is changed back. No link is followed anywhere.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.ports import Editor
from lsp_server.system.open_folder import open_folder
from lsp_server.workspace.checkpoints.blobs import Blobs
from lsp_server.workspace.checkpoints.conflict_words import OF_UNDO, ConflictWords
from lsp_server.workspace.checkpoints.file_state import FolderState, read_state
from lsp_server.workspace.checkpoints.file_undo import FileUndo
from lsp_server.workspace.files.paths import Workspace

OWN_BITS = 0o700
"""What the owner of a folder needs to change what is in it."""


@dataclass(frozen=True, slots=True)
class UndoConflict:
    """An `UndoConflict` names a path that undo left as it is, or did not restore whole, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndoReport:
    """An `UndoReport` has the result of an undo, as workspace-relative paths; those of folders end with a slash.

    What was already as before is in none; `removed` are those of `restored` that the
    run had created.
    """

    restored: tuple[str, ...]
    conflicts: tuple[UndoConflict, ...]
    removed: frozenset[str] = frozenset()


class Undo:
    """Restores paths from stored contents through an Editor, so that open buffers are right.

    `words` say why a path is left alone.
    """

    def __init__(
        self, workspace: Workspace, blobs: Blobs, editor: Editor, words: ConflictWords = OF_UNDO
    ) -> None:
        self._workspace = workspace
        self._files = FileUndo(workspace, blobs, editor, words)

    async def run(self, changes: Sequence[FileChanged]) -> UndoReport:
        """Undoes the changes, which are in the order in which they happened."""
        histories: dict[str, list[FileChanged]] = {}
        for change in changes:
            histories.setdefault(change.path, []).append(change)
        files = {
            path: history
            for path, history in histories.items()
            if not path.endswith("/") and not _came_and_went(history)
        }
        folders = _Folders(
            self._workspace,
            {path: history for path, history in histories.items() if path.endswith("/")},
        )
        created = [path for path, history in files.items() if history[0].before is None]
        restored: set[str] = set()
        conflicts: list[UndoConflict] = []

        async def take_back(paths: Iterable[str]) -> None:
            for path in paths:
                try:
                    done = await self._files.restore(path, files[path])
                except ToolError as error:
                    conflicts.append(UndoConflict(path, str(error)))
                    continue
                if done.changed:
                    restored.add(path)
                conflicts.extend(UndoConflict(path, note) for note in done.missing)

        # What takes the place of something else goes first.
        await asyncio.to_thread(folders.open)
        await take_back(sorted(created, reverse=True))
        restored |= await asyncio.to_thread(folders.remove_created)
        restored |= await asyncio.to_thread(folders.make_removed, conflicts)
        await take_back(sorted(files.keys() - set(created)))
        restored |= await asyncio.to_thread(folders.restore_modes)
        ordered = tuple(path for path in histories if path in restored)
        removed = frozenset(path for path in ordered if histories[path][0].before is None)
        return UndoReport(ordered, tuple(conflicts), removed)


def _came_and_went(history: Sequence[FileChanged]) -> bool:
    """Says whether the run itself removed what it had made, and so left nothing to take back.

    A link may lead from there to what is not the run's by now.
    """
    return history[0].before is None and history[-1].after is None


class _Folders:
    """The folders that a run made, removed or gave other modes. All of it blocks."""

    def __init__(
        self, workspace: Workspace, histories: Mapping[str, Sequence[FileChanged]]
    ) -> None:
        self._workspace = workspace
        self._histories = dict(sorted(histories.items()))
        self._modes: dict[str, int] = {}
        """Those of the folders that are there, as they were before the undo."""

    def open(self) -> None:
        """Lets us change what is in them."""
        for path in self._histories:
            with suppress(OSError), self._parent(path) as (parent, name):
                state = os.stat(name, dir_fd=parent, follow_symlinks=False)
                if stat.S_ISDIR(state.st_mode):
                    self._modes[path] = mode = stat.S_IMODE(state.st_mode)
                    if mode & OWN_BITS != OWN_BITS:
                        os.chmod(name, mode | OWN_BITS, dir_fd=parent)

    def remove_created(self) -> set[str]:
        """Removes those that the run made, unless something is in them."""
        removed: set[str] = set()
        for path in sorted(self._created(), reverse=True):
            with suppress(OSError), self._parent(path) as (parent, name):
                os.rmdir(name, dir_fd=parent)
                removed.add(path)
        return removed

    def make_removed(self, conflicts: list[UndoConflict]) -> set[str]:
        """Makes those that the run removed."""
        made: set[str] = set()
        for path in sorted(self._histories.keys() - self._created() - self._modes.keys()):
            try:
                with open_folder(self._place(path), make=True):
                    made.add(path)
            except OSError:
                conflicts.append(UndoConflict(path, "something else is in its place by now"))
        return made

    def restore_modes(self) -> set[str]:
        """Gives back the modes, the deepest first; those of folders with leftovers in them, too."""
        changed: set[str] = set()
        for path in reversed(self._histories):
            before = self._modes.get(path)
            wanted = self._mode_before(path, before)
            with suppress(OSError), self._parent(path) as (parent, name):
                state = os.stat(name, dir_fd=parent, follow_symlinks=False)
                if wanted is None or not stat.S_ISDIR(state.st_mode):
                    continue
                if stat.S_IMODE(state.st_mode) != wanted:
                    os.chmod(name, wanted, dir_fd=parent)
                if before is not None and wanted != before:
                    changed.add(path)
        return changed

    def _mode_before(self, path: str, current: int | None) -> int | None:
        for change in reversed(self._histories[path]):
            before, after = (
                state.mode if isinstance(state, FolderState) else None
                for state in (name and read_state(name) for name in (change.before, change.after))
            )
            # A person's own mode stays.
            if before is not None and current in (after, None):
                current = before
        return current

    def _created(self) -> set[str]:
        return {path for path, history in self._histories.items() if history[0].before is None}

    def _place(self, path: str) -> Path:
        """Raises OSError for what is not below the workspace."""
        place = self._workspace.root / path
        if not self._workspace.inside(place) or ".." in place.parts:
            raise PermissionError(errno.EPERM, "it is outside of the workspace")
        return place

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        """Opens the folder above one, and gives its descriptor and the name in it. Raises OSError."""
        place = self._place(path)
        with open_folder(place.parent) as parent:
            yield parent, place.name
