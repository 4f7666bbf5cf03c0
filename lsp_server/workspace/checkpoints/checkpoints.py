"""This module keeps what a run changed, so that it can be undone.

File edits are recorded as they pass through the Editor; what a command did is
found by looking at the working state before and after. Changes that a person
makes while a command runs cannot be told apart from the command's. Contents
lie in the person's data folder, never in the workspace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from lsp_server.domain.events import Emit, Event, FileChanged, SnapshotTaken, Warned
from lsp_server.domain.ports import Editor
from lsp_server.workspace.checkpoints.blobs import Blobs
from lsp_server.workspace.checkpoints.checkpoint_pruner import CheckpointPruner
from lsp_server.workspace.checkpoints.file_state import NOT_KEPT, digest_of, is_same
from lsp_server.workspace.checkpoints.ignored_files import IgnoredFiles, states_at
from lsp_server.workspace.checkpoints.killed_command import ROOT, tell_apart
from lsp_server.workspace.checkpoints.recording import Recording
from lsp_server.workspace.checkpoints.snapshots import ALIVE, Snapshots
from lsp_server.workspace.checkpoints.tree import (
    FILE_BYTES_MAX,
    TOTAL_BYTES_MAX,
    WATCHED,
    WorkingTree,
)
from lsp_server.workspace.checkpoints.undo import Undo, UndoConflict, UndoReport
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

NAMED_MAX = 5
"""How many paths a warning names."""
UNREAD = {
    "large": f"a file of more than {FILE_BYTES_MAX / 1e6:.0f} MB",
    "total": f"what is beyond {TOTAL_BYTES_MAX / 1e6:.0f} MB in all",
    "unreadable": "a file that it can write and we cannot read",
}
"""What is not kept, by the reason."""

CHANGED_AFTER = "it was changed after the run was killed, and stays as it is"
GONE_AFTER = "it is back; if it was removed after the run was killed, remove it again"

PATIENCE_SECONDS = 1.0
"""When a look at all files takes longer, the person is told."""
CHANGES_AT_ONCE = 50
"""So many are recorded before others have their turn."""

_LOOKING = "looking at the many files of this folder, so that what a command does can be undone"


class Checkpoints:
    """A `Checkpoints` keeps the contents of files that runs of one workspace changed.

    The contents lie in `folder`, or in the `blobs` of the workspace that this one is a copy of; `tree` is the working state of the
    workspace, `pruner` removes what no run needs any more.
    """

    def __init__(
        self, folder: Path, workspace: Workspace, ignore: Ignore, blobs: Blobs | None = None
    ) -> None:
        self._workspace = workspace
        self.blobs = blobs or Blobs(folder / "blobs")
        self._ignored = IgnoredFiles(workspace.root, self.blobs)
        self._snapshots = Snapshots(folder / "snapshots", workspace.root)
        self._warned: set[str] = set()
        self.tree = WorkingTree(
            workspace, ignore, blobs=self.blobs, cache_file=folder / "tree.json"
        )
        self.pruner = CheckpointPruner(folder, self.tree, self.blobs, self._snapshots)

    def recording(self, editor: Editor, emit: Emit) -> Editor:
        """Wraps `editor` so that every applied edit is recorded."""
        return Recording(editor, self, self._workspace, emit)

    @asynccontextmanager
    async def record_command(self, emit: Emit) -> AsyncIterator[list[str]]:
        """Emits a FileChanged for each file that changes inside of the `with` block.

        The list that it gives has the changed paths once the block has ended.
        """
        changed: list[str] = []
        before = await self.states_before(emit)
        # On the disk before the command starts: after a kill nobody could tell what was there.
        name = await asyncio.to_thread(self._snapshots.put, before)
        if name is not None:
            self._snapshots.note_end(name)
            emit(SnapshotTaken(name))
        alive = asyncio.create_task(_keep_alive(self._snapshots, name))
        try:
            yield changed
        finally:
            alive.cancel()
            # Also after a failure or a cancellation: what the command did is done.
            after = await self.with_hidden(before, await self.states(emit))
            changes = await asyncio.to_thread(changes_between, before, after)
            for number, change in enumerate(changes):
                emit(change)
                if number % CHANGES_AT_ONCE == CHANGES_AT_ONCE - 1:
                    await asyncio.sleep(0)
            changed += _worth_naming([change.path for change in changes])
            self._snapshots.remove(name)

    async def record_killed_command(self, snapshot: str, emit: Emit) -> Sequence[UndoConflict]:
        """Emits what a command had changed that was killed before its changes were recorded.

        Done once: then the snapshot is gone. Returns what cannot be known of a file.
        """
        before = await asyncio.to_thread(self._snapshots.get, snapshot)
        if before is None:
            return ()
        later = set(await self.tree.changed_since(before.ended_at, folders=True))
        root = await asyncio.to_thread(self._workspace.root.stat)
        if max(root.st_mtime, root.st_ctime) > before.ended_at.timestamp():
            later.add(ROOT)
        now = await self.with_hidden(before.states, await self.tree.states())
        changes = await asyncio.to_thread(changes_between, before.states, now)
        killed = tell_apart(changes, later, now, before.there)
        for change in killed.changes:
            emit(change)
        await asyncio.to_thread(self._snapshots.remove, snapshot)
        return [
            *(UndoConflict(path, CHANGED_AFTER) for path in killed.kept[:NAMED_MAX]),
            *(UndoConflict(path, GONE_AFTER) for path in killed.doubtful[:NAMED_MAX]),
        ]

    async def contents(self, also: Collection[str] = ()) -> Mapping[str, str]:
        """Returns names of contents by workspace-relative path.

        Of the paths in `also` those too that are there and do not count, as git ignores them.
        """
        contents = await self.tree.contents()
        missing = [path for path in also if path not in contents and _is_within(path)]
        found = await asyncio.to_thread(states_at, self._workspace.root, missing, digest_of)
        return {**contents, **found} if found else contents

    async def changed_since(self, moment: datetime) -> Sequence[str]:
        """Returns the paths of files that were written, moved or created later.

        The goals file and the settings are left out: Holdfast writes into them itself.
        """
        return [path for path in await self.tree.changed_since(moment) if path not in WATCHED]

    async def undo(
        self, history: Sequence[FileChanged | SnapshotTaken], editor: Editor, emit: Emit
    ) -> UndoReport:
        """Takes the changes of a run back. `history` has its Events in their order.

        A change goes back if nobody changed the same lines since. What the last
        command had done when it was killed is emitted and goes back too.
        """
        changes = [event for event in history if isinstance(event, FileChanged)]
        snapshots = [event.name for event in history if isinstance(event, SnapshotTaken)]
        notes: list[UndoConflict] = []

        def take(event: Event) -> None:
            emit(event)
            if isinstance(event, FileChanged):
                changes.append(event)

        for name in snapshots[-1:]:
            notes += await self.record_killed_command(name, take)
        report = await Undo(self._workspace, self.blobs, editor).run(changes)
        return replace(report, conflicts=(*report.conflicts, *notes))

    def content(self, name: str) -> bytes | None:
        """Returns the content with this name, None when it is not kept. Blocking."""
        return self.blobs.get(name)

    def keep(self, data: bytes) -> None:
        """Keeps a content, so that undo has it. Blocking; what fails is said by `warn_of_losses`."""
        self.blobs.put(data)

    def warn_of_losses(self, emit: Emit) -> None:
        """Says once if contents cannot be kept."""
        self._warn(self.blobs.problem, emit)

    async def states_before(self, emit: Emit) -> Mapping[str, str]:
        """Returns the states of all files before a command, also of those ignored ones that are kept."""
        states = await self.states(emit)
        ignored = await asyncio.to_thread(self._ignored.states, self.tree.ignored)
        if not ignored:
            return states
        self._warn_of_unread(ignored, emit)
        return {**states, **ignored}

    async def states(self, emit: Emit) -> Mapping[str, str]:
        """Returns the states of all files, and says what of them cannot be kept."""
        telling = asyncio.get_running_loop().call_later(
            PATIENCE_SECONDS, self._warn, _LOOKING, emit
        )
        try:
            states = await self.tree.states()
        finally:
            telling.cancel()
        self._warn_of_unread(states, emit)
        for message in _about_unseen(self.tree.unseen):
            self._warn(message, emit)
        self.warn_of_losses(emit)
        return states

    async def with_hidden(
        self, before: Mapping[str, str], after: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Adds to the states after a command what was there before and is there still, but does not count."""
        gone = [path for path in before.keys() - after.keys() if path[-1] != "/"]
        found = await asyncio.to_thread(self._ignored.look, gone)
        return {**after, **found} if found else after

    def _warn_of_unread(self, states: Mapping[str, str], emit: Emit) -> None:
        """Names what a command could change for good, before one runs."""
        unread = {path: name for path, name in states.items() if name.startswith(NOT_KEPT)}
        for reason, what in UNREAD.items():
            mark = f"{NOT_KEPT}{reason}:"
            paths = [path for path, name in unread.items() if name.startswith(mark)]
            if paths:
                names = _named(paths)
                self._warn(f"if a command changes {what}, undo cannot give it back: {names}", emit)

    def _warn(self, message: str | None, emit: Emit) -> None:
        """Emits each message once."""
        # A run has hundreds of commands, and the cause rarely goes away.
        if message and message not in self._warned:
            self._warned.add(message)
            emit(Warned(message))


async def _keep_alive(snapshots: Snapshots, name: str | None) -> None:
    while True:
        await asyncio.sleep(ALIVE.total_seconds())
        await asyncio.to_thread(snapshots.touch, name)


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - NAMED_MAX
    return ", ".join(paths[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _about_unseen(unseen: Mapping[str, str]) -> Iterator[str]:
    """Names what commands change without anybody knowing, by the reason."""
    for reason in sorted(set(unseen.values())):
        names = _named([path for path in unseen if unseen[path] == reason])
        yield f"undo leaves alone what commands do to {names}: {reason}"


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileChanged]:
    """Returns what is different between two looks at a working state, sorted by path."""
    if before is after:
        return []
    return [
        FileChanged(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if not is_same(before.get(path), after.get(path))
    ]


def _worth_naming(paths: Sequence[str]) -> list[str]:
    """All but the folders of which something inside is named."""
    above = {path[: end + 1] for path in paths for end, char in enumerate(path[:-1]) if char == "/"}
    return [path for path in paths if path not in above]


def _is_within(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts
