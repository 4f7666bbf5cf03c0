"""This module deletes sessions for a client."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from acp import schema

from lsp_server.acp.errors import answering
from lsp_server.acp.open_sessions import OpenSessions
from lsp_server.acp.opened_sessions import drop_opened, read_opened
from lsp_server.assemble.session import run_stores
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_errors import RunNotFound
from lsp_server.session.run_names import run_named
from lsp_server.session.run_removal import remove_run


class SessionDeletion:
    """A `SessionDeletion` answers `session/delete`; `sessions` are those that are open."""

    def __init__(self, sessions: OpenSessions) -> None:
        self._sessions = sessions

    @answering
    async def delete_session(self, session_id: str, **meta: Any) -> schema.DeleteSessionResponse:
        """Deletes a session for good, and stops it before; one that is not there is deleted already.

        Raises RunBusy while another process works on it, HoldfastError, OSError.
        """
        del meta
        if (session := self._sessions.find(session_id)) is not None:
            await self._sessions.close(session)
        with suppress(RunNotFound):
            await asyncio.to_thread(_delete, run_named(session_id))
        return schema.DeleteSessionResponse()


def _delete(run_id: RunId) -> None:
    for store in run_stores():
        if run_id in store.ids():
            remove_run(store, run_id)
        elif read_opened(store, run_id) is not None:
            drop_opened(store, run_id)
