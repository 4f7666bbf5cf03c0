"""This module opens the session that a command of the terminal works with, and closes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lsp_server.assemble.session import open_session
from lsp_server.session.notices import Notify, ignore
from lsp_server.session.session import Session
from lsp_server.settings.sections import Settings
from lsp_server.workspace.files.disk_editor import Confirm, DiskEditor
from lsp_server.workspace.files.documents import Documents


@asynccontextmanager
async def command_session(
    workspace: Path,
    settings: Settings,
    *,
    confirm: Confirm | None = None,
    notify: Notify = ignore,
    data: Path | None = None,
) -> AsyncIterator[Session]:
    """Opens a session that works on the disk, for one command, and closes it at the end.

    `confirm` asks the person at the terminal; with None nobody is asked. `data` is
    where the session keeps what lasts, the user's data folder if left out.

    Example::

        async with command_session(folder, load_settings(folder)) as session:
            report = await session.undo()
    """
    documents = Documents()
    editor = DiskEditor(documents, confirm)
    session = open_session(workspace, settings, editor, documents, notify, data=data)
    try:
        yield session
    finally:
        await session.close()
