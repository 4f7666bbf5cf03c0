"""A run on a project folder, without a model, that can be undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsp_server.domain.edits import EditSet, FileEdit, TextEdit, fingerprint, minimal_edit
from lsp_server.domain.events import Event, FileChanged, SnapshotTaken
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.checkpoints.undo import UndoReport
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore


class Run:
    """A run that edits through the Editor and by commands, and can be undone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.documents = Documents()
        self.editor = DiskEditor(self.documents)
        self.events: list[Event] = []
        workspace = Workspace(root)
        self.checkpoints = Checkpoints(root.parent / "data", workspace, Ignore(workspace))
        self.recording = self.checkpoints.recording(self.editor, self.events.append)

    @property
    def changes(self) -> list[FileChanged]:
        return [event for event in self.events if isinstance(event, FileChanged)]

    @property
    def snapshot(self) -> SnapshotTaken:
        return [event for event in self.events if isinstance(event, SnapshotTaken)][-1]

    async def edit(self, name: str, after: str) -> None:
        path = self.root / name
        if path.exists():
            before = (await self.recording.read(path)).text
            edit = FileEdit(path, fingerprint(before), minimal_edit(before, after))
        else:
            edit = FileEdit(path, None, (TextEdit(0, 0, after),))
        await self.recording.apply(EditSet((edit,), "test"))

    async def command(self, effect: Callable[[], object]) -> list[str]:
        async with self.checkpoints.record_command(self.events.append) as changed:
            effect()
        return changed

    async def undo(self) -> UndoReport:
        return await self.checkpoints.undo(self.changes, self.editor, self.events.append)
