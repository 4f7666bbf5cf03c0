"""This module keeps sessions while no editor is attached to them, and gives them to the next one.

A session that is kept works on the disk: what runs wrote into open buffers and nobody typed
into is saved first, and what a person typed and did not save stays with the editor. What has to
be asked waits for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.domain.edits import Document, EditSet
from lsp_server.domain.events import RunEnded
from lsp_server.domain.goals import Finding
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.ports import Editor
from lsp_server.server.folders import Folder
from lsp_server.session.child_runs import parent_id
from lsp_server.session.notices import Notice, RunEvent
from lsp_server.session.session import Session
from lsp_server.settings.sections import Settings
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents

if TYPE_CHECKING:
    from lsp_server.server.sessions import OpenSession, Tell

SAVE_SECONDS_MAX = 0.5
HANDOVER_SECONDS_MAX = 1.0
"""How long who comes waits for an editor that is just going."""
MISSED_MAX = 20


class AttachedEditor:
    """An `AttachedEditor` is the editor that is attached now, and the disk while none is."""

    def __init__(self, documents: Documents) -> None:
        self._disk = DiskEditor(documents)
        self._editor: Editor | None = None
        self._attached = asyncio.Event()
        self._detached = asyncio.Event()

    @property
    def is_attended(self) -> bool:
        """Says whether an editor is attached."""
        return self._editor is not None

    async def attended(self) -> None:
        """Returns once an editor is attached."""
        await self._attached.wait()

    def attach(self, editor: Editor) -> None:
        """Gives everything to an editor from now on."""
        self._editor = editor
        self._detached.clear()
        self._attached.set()

    def detach(self) -> None:
        """Works on the disk from now on; questions that are open there are asked again later."""
        self._editor = None
        self._attached.clear()
        self._detached.set()

    async def read(self, path: Path) -> Document:
        """Reads a file. Raises ToolError: missing, binary, too large."""
        return await (self._editor or self._disk).read(path)

    async def apply(self, edits: EditSet) -> None:
        """Makes all of the edits or none, each against its base. Raises EditRejected."""
        await (self._editor or self._disk).apply(edits)

    async def confirm(self, question: Question) -> Answered | None:
        """Asks a person, the next one where nobody is there; None when it was dismissed."""
        while True:
            await self._attached.wait()
            if (editor := self._editor) is None:
                continue
            asking = asyncio.ensure_future(editor.confirm(question))
            leaving = asyncio.ensure_future(self._detached.wait())
            try:
                await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if self._editor is editor:
                    return await asking
            finally:
                asking.cancel()
                leaving.cancel()

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Gives what the editor shows; None when there is none."""
        return await (self._editor or self._disk).diagnostics(path)


class KeptSession:
    """A `KeptSession` is a session with the buffers and the editor that it has at the time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.documents = Documents()
        self.editor = AttachedEditor(self.documents)
        self.session: Session | None = None
        self._tell: Tell | None = None
        self._missed: list[RunEvent] = []

    def notify(self, notice: Notice) -> None:
        """Tells the editor; of ends of runs, the next one is told if none is attached."""
        if self._tell is not None and self.session is not None:
            self._tell(self.session, notice)
        elif isinstance(notice, RunEvent) and _is_end(notice):
            self._missed = [*self._missed, notice][-MISSED_MAX:]

    def attach(self, folder: Folder, editor: Callable[[Folder], Editor], tell: Tell) -> None:
        """Gives the session to the editor that has opened the folder."""
        self.documents.take_over(folder.documents)
        folder.documents = self.documents
        self._tell = tell
        self.editor.attach(editor(folder))

    def tell_missed(self) -> None:
        """Tells the editor which runs ended while none was attached."""
        missed, self._missed = self._missed, []
        for notice in missed:
            self.notify(notice)

    async def detach(self) -> None:
        """Goes on without an editor."""
        self.documents.saves = None
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(SAVE_SECONDS_MAX):
                await self.documents.save_drafts()
        self.documents.take_over(Documents())
        self._tell = None
        self.editor.detach()


class KeptSessions:
    """`KeptSessions` are all sessions of one background server. Close them at its end.

    An editor gets a session of its folder that no other has; so a second one that opens the
    same folder works beside the first, as beside another server.
    """

    outlive_editors = True

    def __init__(self) -> None:
        self.idle_timeout_seconds: float | None = None
        """The setting of the session that was opened last; None before that."""
        self._kept: list[KeptSession] = []
        self._released = asyncio.Condition()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Returns all that are open."""
        return tuple(kept.session for kept in self._kept if kept.session is not None)

    async def open(
        self,
        folder: Folder,
        settings: Settings,
        editor: Callable[[Folder], Editor],
        tell: Tell,
        open_session: OpenSession,
    ) -> Session:
        """Gives an editor the session of its folder, one that is there if it can be."""
        kept = await self._free(folder.root) or KeptSession(folder.root)
        kept.attach(folder, editor, tell)
        if kept.session is None:
            kept.session = open_session(
                folder.root, settings, kept.editor, kept.documents, kept.notify
            )
            self._kept.append(kept)
        else:
            kept.session.reconfigure(settings)
        folder.session = kept.session
        self.idle_timeout_seconds = settings.background.idle_timeout_seconds
        kept.tell_missed()
        return kept.session

    async def release(self, session: Session) -> None:
        """Takes a session back from its editor: its runs go on. Without any it is closed."""
        async with self._released:
            for kept in tuple(self._kept):
                if kept.session is session and kept.editor.is_attended:
                    await kept.detach()
                    if not _active(kept):
                        self._kept.remove(kept)
                        await session.close()
            self._released.notify_all()

    async def close(self) -> None:
        """Closes all of them, which stops their runs."""
        await asyncio.gather(*(each.close() for each in self.sessions), return_exceptions=True)

    async def _free(self, root: Path) -> KeptSession | None:
        """One of the folder that nobody has. Waits a moment for one with runs that is given back."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HANDOVER_SECONDS_MAX), self._released:
                while (found := self._find(root)) is None and self._is_worth_waiting(root):
                    await self._released.wait()
                return found
        return self._find(root)

    def _find(self, root: Path) -> KeptSession | None:
        free = [kept for kept in self._kept if kept.root == root and not kept.editor.is_attended]
        # One in which something is at work comes first.
        return max(free, key=lambda kept: len(_active(kept)), default=None)

    def _is_worth_waiting(self, root: Path) -> bool:
        return any(kept.root == root and _active(kept) for kept in self._kept)


def _active(kept: KeptSession) -> Sequence[object]:
    return kept.session.runs.active() if kept.session is not None else ()


def _is_end(notice: RunEvent) -> bool:
    return isinstance(notice.recorded.event, RunEnded) and parent_id(notice.run_id) is None
