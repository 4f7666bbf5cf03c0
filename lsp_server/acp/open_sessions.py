"""This module keeps the sessions that a client has open."""

from __future__ import annotations

import asyncio

from lsp_server.acp.acp_session import AcpSession
from lsp_server.acp.client import AcpClient
from lsp_server.acp.errors import SessionUnknown, WrongRequest
from lsp_server.acp.folders import existing_folder
from lsp_server.acp.opening import open_acp_session
from lsp_server.acp.servers import Servers
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_names import run_named
from lsp_server.session.runs import new_run_id

SESSIONS_MAX = 32
"""Sessions that are open at once; each has an index and a watch of its folder."""


class OpenSessions:
    """An `OpenSessions` opens, finds and closes the sessions of one client; close it."""

    def __init__(self, client: AcpClient) -> None:
        self._client = client
        self._sessions: dict[str, AcpSession] = {}
        self._opening = asyncio.Lock()
        self._is_closed = False

    def find(self, session_id: str) -> AcpSession | None:
        """Returns the session with that id, None if it is not open."""
        return self._sessions.get(session_id)

    def need(self, session_id: str) -> AcpSession:
        """Returns the session with that id. Raises SessionUnknown."""
        session = self._sessions.get(session_id)
        if session is None:
            raise SessionUnknown(
                f"the session {session_id} is not open; load it, or begin a new one"
            )
        return session

    async def new(self, cwd: str, servers: Servers | None, origin: str | None = None) -> AcpSession:
        """Opens a session in a folder, which goes on from `origin` if that is given.

        Raises WrongRequest, HoldfastError, OSError.
        """
        session = await self._open(new_run_id(), cwd, servers)
        try:
            if origin is not None:
                await session.fork(run_named(origin))
        except BaseException:
            await self.close(session)
            raise
        await session.keep()
        await session.find_models()
        return session

    async def take_up(
        self, session_id: str, cwd: str, servers: Servers | None, *, show: bool
    ) -> AcpSession:
        """Opens a session of the past; with `show` the client is shown all of it.

        Raises SessionUnknown, WrongRequest, HoldfastError, OSError.
        """
        is_open = session_id in self._sessions
        session = await self._open(run_named(session_id), cwd, servers)
        try:
            await session.take_up(show=show)
        except BaseException as error:
            # One that is open and has no past was not prompted yet.
            if not (is_open and isinstance(error, SessionUnknown)):
                if not is_open:
                    await self.close(session)
                raise
        await session.find_models()
        return session

    async def close(self, session: AcpSession) -> None:
        """Closes a session; it can be taken up again."""
        self._sessions.pop(session.id, None)
        await session.close()

    async def close_all(self) -> None:
        """Closes all sessions, and opens none any more."""
        self._is_closed = True
        await asyncio.gather(*map(self.close, list(self._sessions.values())))

    async def _open(self, session_id: RunId, cwd: str, servers: Servers | None) -> AcpSession:
        folder = existing_folder(cwd)
        async with self._opening:
            if self._is_closed:
                raise WrongRequest("the client has left; start the agent again")
            if (known := self._sessions.get(session_id)) is not None:
                return known
            if len(self._sessions) >= SESSIONS_MAX:
                raise WrongRequest(f"{SESSIONS_MAX} sessions are open; close one first")
            session = await open_acp_session(self._client, session_id, folder, servers)
            self._sessions[session_id] = session
            return session
