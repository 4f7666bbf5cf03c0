"""This module says who owns the sessions of an editor: its connection, or somebody who outlives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:  # None of it is loaded before `initialize` is answered.
    from collections.abc import Callable
    from pathlib import Path

    from lsp_server.domain.ports import Editor
    from lsp_server.server.folders import Folder
    from lsp_server.session.notices import Notice, Notify
    from lsp_server.session.session import Session
    from lsp_server.settings.sections import Settings
    from lsp_server.workspace.files.documents import Documents

    Tell: TypeAlias = Callable[[Session, Notice], None]
    OpenSession: TypeAlias = Callable[[Path, Settings, Editor, Documents, Notify], Session]


class Sessions(Protocol):
    """`Sessions` open the sessions of the folders of editors, and take them back."""

    @property
    def outlive_editors(self) -> bool:
        """Says whether runs go on when the editor closes."""
        ...

    async def open(
        self,
        folder: Folder,
        settings: Settings,
        editor: Callable[[Folder], Editor],
        tell: Tell,
        open_session: OpenSession,
    ) -> Session:
        """Gives a folder its session, which tells the editor what it says by itself.

        `editor` makes the Editor once the folder has the documents that it is to have.
        Raises HoldfastError, OSError.
        """
        ...

    async def release(self, session: Session) -> None:
        """Takes the session of an editor that goes."""
        ...


class ClosingSessions:
    """A `ClosingSessions` closes each session with its editor: its runs stop, to be resumed."""

    outlive_editors = False

    async def open(
        self,
        folder: Folder,
        settings: Settings,
        editor: Callable[[Folder], Editor],
        tell: Tell,
        open_session: OpenSession,
    ) -> Session:
        """Opens a session."""

        def notify(notice: Notice) -> None:
            tell(session, notice)

        session = open_session(folder.root, settings, editor(folder), folder.documents, notify)
        return session

    async def release(self, session: Session) -> None:
        """Closes it."""
        await session.close()
