"""This module opens the session of a folder for a session of the protocol."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsp_server.acp.acp_session import AcpSession
from lsp_server.acp.client import AcpClient
from lsp_server.acp.editor import AcpEditor
from lsp_server.acp.prompted_run import PromptedRun
from lsp_server.acp.servers import Servers, servers_layer
from lsp_server.acp.session_view import SessionView
from lsp_server.assemble.session import open_session
from lsp_server.domain.tasks import RunId
from lsp_server.session.notices import Notice
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents


async def open_acp_session(
    client: AcpClient, session_id: RunId, root: Path, servers: Servers | None
) -> AcpSession:
    """Opens a session in a folder, with the MCP servers that the client gives.

    Raises WrongRequest for a server of a kind that is not spoken, HoldfastError, OSError.
    """
    loaded = await asyncio.to_thread(load, root, editor=servers_layer(servers))
    documents = Documents()
    session: Session
    opened: AcpSession
    view = SessionView(
        client,
        session_id,
        root,
        loaded.settings.prompt_tokens_max,
        lambda change: session.changed_texts.of(change),  # noqa: PLW0108 - it is not open yet
    )
    editor = AcpEditor(client, session_id, root, DiskEditor(documents), documents, view.updates)

    def notify(notice: Notice) -> None:
        opened.notify(notice)

    session = open_session(root, loaded.settings, editor, documents, notify)
    prompted_run = PromptedRun(session, session_id, documents)
    opened = AcpSession(session_id, session, prompted_run, view, tuple(map(str, loaded.problems)))
    session.watch()
    return opened
