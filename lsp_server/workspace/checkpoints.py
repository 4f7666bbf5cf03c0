"""This module keeps what a run changed, so that it can be undone.

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
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.ports import Editor
from lsp_server.workspace.blobs import Blobs, content_name
from lsp_server.workspace.checkpoint_pruner import CheckpointPruner
from lsp_server.workspace.disk import FileMissing
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.snapshots import Snapshots
from lsp_server.workspace.tree import NOT_KEPT, WATCHED, WorkingTree
from lsp_server.workspace.undo import Undo, UndoReport

ALIVE = timedelta(seconds=1)
"""How often a running command's snapshot says that it still runs."""
PATIENCE_SECONDS = 1.0
"""When a look at all files takes longer, the person is told."""
CHANGES_AT_ONCE = 50
"""So many are recorded before others have their turn."""

_LOOKING = "looking at the many files of this folder, so that what a command does can be undone"


class Checkpoints:
    """A `Checkpoints` keeps the contents of files that runs of one workspace changed.

    The contents lie in `folder`; `tree` is the working state of the workspace, `pruner` removes what no run
    needs any more.
    """

    def __init__(self, folder: Path, workspace: Workspace, ignore: Ignore) -> None:
        self._workspace = workspace
        self._blobs = Blobs(folder / "blobs")
        self._snapshots = Snapshots(folder / "snapshots")
        self._warned: set[str] = set()
        self.tree = WorkingTree(
            workspace, ignore, blobs=self._blobs, cache_file=folder / "tree.json"
        )
        self.pruner = CheckpointPruner(folder, self.tree, self._blobs, self._snapshots)

    def recording(self, editor: Editor, emit: Emit) -> Editor:
        """Wraps `editor` so that every applied edit is recorded."""
        return Recording(editor, self, emit)

    @asynccontextmanager
    async def record_command(self, emit: Emit) -> AsyncIterator[list[str]]:
        """Emits a FileChanged for each file that changes inside of the `with` block.

        The list that it gives has the changed paths once the block has ended.
        """
        changed: list[str] = []
        before = await self._contents(emit)
        # On the disk before the command starts: after a kill nobody could tell what was there.
        name = await asyncio.to_thread(self._snapshots.put, before)
        if name is not None:
            emit(SnapshotTaken(name))
        alive = asyncio.create_task(self._keep_alive(name))
        try:
            yield changed
        finally:
            alive.cancel()
            # Also after a failure or a cancellation: what the command did is done.
            after = await self._contents(emit)
            for number, change in enumerate(await asyncio.to_thread(_changes, before, after)):
                changed.append(change.path)
                emit(change)
                if number % CHANGES_AT_ONCE == CHANGES_AT_ONCE - 1:
                    await asyncio.sleep(0)
            self._snapshots.remove(name)

    async def changes_of_killed_command(self, snapshot: str) -> Sequence[FileChanged]:
        """Finds what a command had changed that was killed before its changes were recorded."""
        before = await asyncio.to_thread(self._snapshots.get, snapshot)
        if before is None:
            return ()
        # The last sign of life may be a moment old, and so may the clock of the file system.
        later = await self.tree.changed_since(before.alive_until + 2 * ALIVE)
        changes = _changes(before.contents, await self.tree.contents())
        # What was written after it had died is somebody else's.
        return [change for change in changes if change.path not in later]

    async def _keep_alive(self, name: str | None) -> None:
        while True:
            await asyncio.sleep(ALIVE.total_seconds())
            await asyncio.to_thread(self._snapshots.touch, name)

    async def contents(self) -> Mapping[str, str]:
        """Returns names of contents by workspace-relative path."""
        return await self.tree.contents()

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """Returns the paths of files that were written, moved or created later.

        The goals file and the settings are left out: Holdfast writes into them itself.
        """
        return [path for path in await self.tree.changed_since(moment) if path not in WATCHED]

    async def undo(
        self, history: Sequence[FileChanged | SnapshotTaken], editor: Editor
    ) -> UndoReport:
        """Takes the changes of a run back. `history` has its Events in their order.

        A change goes back if nobody changed the same lines since. What the last
        command had done when it was killed goes back too.
        """
        changes = [event for event in history if isinstance(event, FileChanged)]
        snapshots = [event.name for event in history if isinstance(event, SnapshotTaken)]
        for name in snapshots[-1:]:
            changes += await self.changes_of_killed_command(name)
        return await Undo(self._workspace, self._blobs, editor).run(changes)

    def content(self, name: str) -> bytes | None:
        """Returns the content with this name, None when it is not kept. Blocking."""
        return self._blobs.get(name)

    async def record_edit(
        self, path: Path, before: str | None, after: str | None, emit: Emit
    ) -> None:
        """Keeps the texts of a file before and after, None: no file, and emits a FileChanged."""
        names = await asyncio.to_thread(self._keep_texts, path, (before, after))
        emit(FileChanged(self._workspace.relative(path), before=names[0], after=names[1]))
        self._warn(self._blobs.problem, emit)

    def _keep_texts(self, path: Path, texts: Sequence[str | None]) -> list[str | None]:
        names: list[str | None] = []
        executable = path.exists() and bool(path.stat().st_mode & stat.S_IXUSR)
        for text in texts:
            data = None if text is None else text.encode("utf-8", "surrogatepass")
            if data is not None:
                self._blobs.put(data)
            names.append(None if data is None else content_name(data, executable=executable))
        return names

    async def _contents(self, emit: Emit) -> Mapping[str, str]:
        telling = asyncio.get_running_loop().call_later(
            PATIENCE_SECONDS, self._warn, _LOOKING, emit
        )
        try:
            contents = await self.tree.contents()
        finally:
            telling.cancel()
        unread = [path for path, name in contents.items() if name.startswith(NOT_KEPT)]
        if unread:
            self._warn(
                "large files and links are not kept for undo when a command changes them", emit
            )
        self._warn(self._blobs.problem, emit)
        return contents

    def _warn(self, message: str | None, emit: Emit) -> None:
        """Emits each message once."""
        # A run has hundreds of commands, and the cause rarely goes away.
        if message and message not in self._warned:
            self._warned.add(message)
            emit(Warned(message))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileChanged]:
    if before is after:
        return []
    return [
        FileChanged(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


class Recording:
    """A `Recording` is an Editor that records what its Editor applied."""

    def __init__(self, editor: Editor, checkpoints: Checkpoints, emit: Emit) -> None:
        self._editor = editor
        self._checkpoints = checkpoints
        self._emit = emit

    async def read(self, path: Path) -> Document:
        """Reads the file through its Editor."""
        return await self._editor.read(path)

    async def apply(self, edits: EditSet) -> None:
        """Applies, then keeps both contents of each file and emits FileChanged."""
        before = [await self._text(edit.path) for edit in edits.files]
        await self._editor.apply(edits)
        for edit, text in zip(edits.files, before, strict=True):
            after = None if edit.deletes else edit.result(text or "")
            await self._checkpoints.record_edit(edit.path, text, after, self._emit)

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
