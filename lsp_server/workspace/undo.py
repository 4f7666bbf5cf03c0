"""This module takes back what a run changed, and nothing that a person did since.

The changes are undone newest first. Where a file is no longer as the run left it,
the difference is merged in; where that would touch a person's lines, the file
stays as it is and is reported. A buffer may never have had the changes, as in an
editor that did not read the file again: then the disk alone is changed back.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.edits import EditSet, FileEdit, fingerprint, minimal_edit
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.ports import Editor
from lsp_server.workspace.blobs import EXECUTABLE, Blobs
from lsp_server.workspace.disk import FileMissing, read_bytes, write_bytes
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.encoding import decode
from lsp_server.workspace.merge import merge
from lsp_server.workspace.paths import Workspace

Content: TypeAlias = str | bytes | None
"""A text, a binary content, or no file."""


@dataclass(frozen=True, slots=True)
class UndoConflict:
    """An `UndoConflict` names a file that undo left as it is, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndoReport:
    """An `UndoReport` has the result of an undo, as workspace-relative paths.

    Files that were already as before are in none; `removed` are those of `restored`
    that the run had created.
    """

    restored: tuple[str, ...]
    conflicts: tuple[UndoConflict, ...]
    removed: frozenset[str] = frozenset()


class Undo:
    """Restores files from stored contents through an Editor, so that open buffers are right."""

    def __init__(self, workspace: Workspace, blobs: Blobs, editor: Editor) -> None:
        self._workspace = workspace
        self._blobs = blobs
        self._editor = editor
        self._disk = DiskEditor(Documents())

    async def run(self, changes: Sequence[FileChanged]) -> UndoReport:
        """Undoes the changes, which are in the order in which they happened."""
        histories: dict[str, list[FileChanged]] = {}
        for change in changes:
            histories.setdefault(change.path, []).append(change)
        restored: list[str] = []
        conflicts: list[UndoConflict] = []
        for path, history in histories.items():
            try:
                if await self._restore(path, history):
                    restored.append(path)
            except ToolError as error:
                conflicts.append(UndoConflict(path, str(error)))
        removed = frozenset(path for path in restored if histories[path][0].before is None)
        return UndoReport(tuple(restored), tuple(conflicts), removed)

    async def _restore(self, path: str, history: Sequence[FileChanged]) -> bool:
        """Restores one file; False when there was nothing to do. Raises ToolError for a conflict."""
        file = self._place(path)
        contents = await asyncio.to_thread(self._contents, history)
        # A buffer that never saw the change is right as it is: then the disk is changed back.
        restored = await self._take_back(
            self._editor, file, history, contents
        ) or await self._take_back(self._disk, file, history, contents)
        executable = _executable_before(history)
        if executable is None or executable == _is_executable(file):
            return restored
        await asyncio.to_thread(_set_executable, file, executable)
        return True

    def _place(self, path: str) -> Path:
        """Returns the file that the run changed. Raises ToolError when its path leads elsewhere by now."""
        file = self._workspace.root / path
        if not self._workspace.inside(file) or self._workspace.locate(path) != file:
            raise ToolError("it is outside of the workspace, or leads elsewhere by now")
        return file

    async def _take_back(
        self,
        editor: Editor,
        file: Path,
        history: Sequence[FileChanged],
        contents: Mapping[str, Content],
    ) -> bool:
        """Restores the file as this editor has it; False when it was as before.

        Raises ToolError for a conflict.
        """
        current = await _current(editor, file)
        target = _before(current, history, contents)
        if target == current:
            return False
        if isinstance(target, str) and isinstance(current, str):
            edit = FileEdit(file, fingerprint(current), minimal_edit(current, target))
            await editor.apply(EditSet((edit,), "undo"))
        elif target is None and isinstance(current, str):
            edit = FileEdit(file, fingerprint(current), (), deletes=True)
            await editor.apply(EditSet((edit,), "undo"))
        elif target is None:
            await asyncio.to_thread(file.unlink, missing_ok=True)
        else:
            await asyncio.to_thread(
                write_bytes, file, self._bytes(target, history[0].before, contents)
            )
        return True

    def _bytes(
        self, target: str | bytes, first: str | None, contents: Mapping[str, Content]
    ) -> bytes:
        """The bytes to write where no text is now: those of before, if that is the target."""
        raw = self._blobs.get(first) if first and contents[first] == target else None
        if raw is not None:
            return raw
        return target.encode("utf-8", "surrogatepass") if isinstance(target, str) else target

    def _contents(self, history: Sequence[FileChanged]) -> dict[str, Content]:
        names = {name for change in history for name in (change.before, change.after) if name}
        contents: dict[str, Content] = {}
        for name in names:
            data = self._blobs.get(name)
            if data is None:
                raise ToolError("its earlier content was not kept: too large, or too long ago")
            decoded = decode(data)
            contents[name] = decoded[0] if decoded else data
        return contents


async def _current(editor: Editor, file: Path) -> Content:
    try:
        return (await editor.read(file)).text
    except FileMissing:
        return None
    except ToolError:
        return await asyncio.to_thread(read_bytes, file)


def _before(
    current: Content, history: Sequence[FileChanged], contents: Mapping[str, Content]
) -> Content:
    """The content without the changes. Raises ToolError for a conflict."""
    # Undone already, by hand or by an undo before: taking it back again would do harm.
    if current == _content(history[0].before, contents):
        return current
    for change in reversed(history):
        before, after = _content(change.before, contents), _content(change.after, contents)
        if current == after:
            current = before
        elif current != before:
            current = _merge(after, current, before)
    return current


def _content(name: str | None, contents: Mapping[str, Content]) -> Content:
    return contents[name] if name else None


def _merge(after: Content, current: Content, before: Content) -> str:
    match after, current, before:
        case str(), str(), str():
            merged = merge(after, current, before)
            if merged is None:
                raise ToolError("the same lines were changed since", "undo them by hand")
            return merged
        case None, _, _:
            raise ToolError("it was deleted by the run and has been created anew since")
        case _, None, _:
            raise ToolError("it has been deleted since")
        case _, _, None:
            raise ToolError("it was created by the run and has been changed since")
        case _:
            raise ToolError("it is binary and has been changed since")


def _executable_before(history: Sequence[FileChanged]) -> bool | None:
    """Returns whether the file could be executed before, None when the run did not change that."""
    first, last = history[0].before, history[-1].after
    if first is None:
        return None
    before = first.endswith(EXECUTABLE)
    return None if last is not None and last.endswith(EXECUTABLE) == before else before


def _is_executable(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IXUSR)
    except FileNotFoundError:
        return False


def _set_executable(file: Path, executable: bool) -> None:
    mode = stat.S_IMODE(file.stat().st_mode)
    # Whoever may read the file may execute it, as after `chmod +x`.
    readers = (mode & 0o444) >> 2
    file.chmod(mode | readers if executable else mode & ~0o111)
