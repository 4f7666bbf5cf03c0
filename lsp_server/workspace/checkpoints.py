"""What a run changed, kept so that it can be undone.

File edits are recorded as they pass through the Editor; what a command did is
found by looking at the working state before and after. Changes that a person
makes while a command runs cannot be told apart from the command's. Contents
lie in the person's data folder, never in the workspace.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from lsp_server.domain.edits import Document, EditSet
from lsp_server.domain.events import Emit, FileChanged, SnapshotTaken, Warned
from lsp_server.domain.goals import Finding
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.ports import Editor
from lsp_server.workspace.blobs import Blobs, content_name
from lsp_server.workspace.disk import FileMissing
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.snapshots import Snapshots
from lsp_server.workspace.tree import NOT_KEPT, WorkingTree
from lsp_server.workspace.undo import Undo, UndoReport

ALIVE = timedelta(seconds=1)
"""How often a running command's snapshot says that it still runs."""

UNUSED_DAYS = 30.0
"""Contents that nothing used for so long are removed; runs that old cannot be undone."""


class Checkpoints:
    """The kept contents of one workspace, in `folder`, and its working state, `tree`."""

    def __init__(self, folder: Path, workspace: Workspace, ignore: Ignore) -> None:
        self._workspace = workspace
        self._blobs = Blobs(folder / "blobs")
        self._snapshots = Snapshots(folder / "snapshots")
        self._warned: set[str] = set()
        self.tree = WorkingTree(
            workspace, ignore, blobs=self._blobs, cache_file=folder / "tree.json"
        )

    def recording(self, editor: Editor, emit: Emit) -> Editor:
        """`editor`, with every applied edit recorded."""
        return Recording(editor, self, emit)

    @asynccontextmanager
    async def around(self, emit: Emit) -> AsyncIterator[list[str]]:
        """Emits what changes inside; the list names the changed paths at the end."""
        changed: list[str] = []
        before = await self._contents(emit)
        name = await asyncio.to_thread(self._snapshots.put, before)
        if name is not None:
            emit(SnapshotTaken(name))
        alive = asyncio.create_task(self._keep_alive(name))
        try:
            yield changed
        finally:
            alive.cancel()
            for change in _changes(before, await self._contents(emit)):
                changed.append(change.path)
                emit(change)
            self._snapshots.remove(name)

    async def left_behind(self, snapshot: str) -> Sequence[FileChanged]:
        """What a command had changed that was killed before its changes were on record."""
        kept = await asyncio.to_thread(self._snapshots.get, snapshot)
        if kept is None:
            return ()
        later = await self.tree.changed_since(kept.alive_until + 2 * ALIVE)
        changes = _changes(kept.contents, await self.tree.contents())
        # What was written after it had died is somebody else's.
        return [change for change in changes if change.path not in later]

    async def _keep_alive(self, name: str | None) -> None:
        while True:
            await asyncio.sleep(ALIVE.total_seconds())
            await asyncio.to_thread(self._snapshots.touch, name)

    async def contents(self) -> Mapping[str, str]:
        """Names of contents by workspace-relative path."""
        return await self.tree.contents()

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """The paths of files that were written, moved or created later."""
        return await self.tree.changed_since(moment)

    async def undo(
        self, history: Sequence[FileChanged | SnapshotTaken], editor: Editor
    ) -> UndoReport:
        """Takes changes back, in the order of a run's record.

        What nobody changed in the same lines since goes back, and of the last command
        too what it had done when it was killed.
        """
        changes = [event for event in history if isinstance(event, FileChanged)]
        snapshots = [event.name for event in history if isinstance(event, SnapshotTaken)]
        for name in snapshots[-1:]:
            changes += await self.left_behind(name)
        return await Undo(self._workspace, self._blobs, editor).run(changes)

    def kept(self, name: str) -> bytes | None:
        """A content by its name, None when it is not kept. Blocking."""
        return self._blobs.get(name)

    async def prune(self) -> int:
        """Removes contents that were not used for UNUSED_DAYS; says how many."""
        names = set((await self.tree.contents()).values())
        await asyncio.to_thread(self._snapshots.prune, UNUSED_DAYS)
        return await asyncio.to_thread(self._blobs.prune, unused_days=UNUSED_DAYS, keep=names)

    async def keep(self, path: Path, before: str | None, after: str | None, emit: Emit) -> None:
        """Keeps the texts of a file before and after, None: no file, and emits the change."""
        names = await asyncio.to_thread(self._put, path, (before, after))
        emit(FileChanged(self._workspace.relative(path), before=names[0], after=names[1]))
        self._warn(self._blobs.problem, emit)

    def _put(self, path: Path, texts: Sequence[str | None]) -> list[str | None]:
        names: list[str | None] = []
        executable = path.exists() and bool(path.stat().st_mode & stat.S_IXUSR)
        for text in texts:
            data = None if text is None else text.encode("utf-8", "surrogatepass")
            if data is not None:
                self._blobs.put(data)
            names.append(None if data is None else content_name(data, executable=executable))
        return names

    async def _contents(self, emit: Emit) -> Mapping[str, str]:
        contents = await self.tree.contents()
        unread = [path for path, name in contents.items() if name.startswith(NOT_KEPT)]
        if unread:
            self._warn(
                "large files and links are not kept for undo when a command changes them", emit
            )
        self._warn(self._blobs.problem, emit)
        return contents

    def _warn(self, message: str | None, emit: Emit) -> None:
        """Once for each message."""
        if message and message not in self._warned:
            self._warned.add(message)
            emit(Warned(message))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileChanged]:
    return [
        FileChanged(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


class Recording:
    """An Editor that records what another one applied."""

    def __init__(self, editor: Editor, checkpoints: Checkpoints, emit: Emit) -> None:
        self._editor = editor
        self._checkpoints = checkpoints
        self._emit = emit

    async def read(self, path: Path) -> Document:
        return await self._editor.read(path)

    async def apply(self, edits: EditSet) -> None:
        """Applies, then keeps both contents of each file and emits FileChanged."""
        before = [await self._text(edit.path) for edit in edits.files]
        await self._editor.apply(edits)
        for edit, text in zip(edits.files, before, strict=True):
            after = None if edit.deletes else edit.result(text or "")
            await self._checkpoints.keep(edit.path, text, after, self._emit)

    async def confirm(self, question: Question) -> Answer | None:
        return await self._editor.confirm(question)

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        return await self._editor.diagnostics(path)

    async def _text(self, path: Path) -> str | None:
        try:
            return (await self._editor.read(path)).text
        except FileMissing:
            return None
