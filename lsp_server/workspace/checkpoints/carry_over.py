"""This module makes changes in a workspace that were made in a copy of it."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.domain.events import Emit, Event, FileChanged
from lsp_server.domain.ports import Editor
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.checkpoints.conflict_words import OF_ATTEMPT
from lsp_server.workspace.checkpoints.undo import Undo, UndoReport
from lsp_server.workspace.files.paths import Workspace


async def carry_over(
    changes: Sequence[FileChanged],
    workspace: Workspace,
    checkpoints: Checkpoints,
    editor: Editor,
    emit: Emit,
) -> UndoReport:
    """Makes the changes that a run made in a copy of the workspace, one for each path.

    What came here since stays, as with an undo: a change of the same lines is a conflict,
    and its file is left alone. What is changed is emitted, so that it can be undone.
    """
    edited: set[str] = set()

    def note(event: Event) -> None:
        if isinstance(event, FileChanged):
            edited.add(event.path)
        emit(event)

    def add(event: Event) -> None:
        # What went through the editor is known already.
        if not (isinstance(event, FileChanged) and event.path in edited):
            emit(event)

    # To make a change is to take back its opposite.
    opposite = [FileChanged(one.path, one.after, one.before) for one in changes]
    recording = checkpoints.recording(editor, note)
    async with checkpoints.record_command(add):
        return await Undo(workspace, checkpoints.blobs, recording, OF_ATTEMPT).run(opposite)
