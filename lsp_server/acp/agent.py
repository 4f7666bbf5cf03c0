"""This module has the methods of the protocol that a client calls."""

from __future__ import annotations

import asyncio
from typing import Any

from acp import schema
from acp.meta import PROTOCOL_VERSION

from lsp_server import __version__
from lsp_server.acp.choices import MODE, MODEL, mode_named
from lsp_server.acp.client import AcpClient, Asking
from lsp_server.acp.errors import WrongRequest, answering
from lsp_server.acp.open_sessions import OpenSessions
from lsp_server.acp.prompt import Blocks
from lsp_server.acp.servers import Servers
from lsp_server.acp.session_deletion import SessionDeletion
from lsp_server.acp.session_list import list_sessions

CAPABILITIES = schema.AgentCapabilities(
    load_session=True,
    prompt_capabilities=schema.PromptCapabilities(image=True, embedded_context=True, audio=False),
    mcp_capabilities=schema.McpCapabilities(http=True, sse=False),
    session_capabilities=schema.SessionCapabilities(
        list=schema.SessionListCapabilities(),
        fork=schema.SessionForkCapabilities(),
        resume=schema.SessionResumeCapabilities(),
        close=schema.SessionCloseCapabilities(),
        delete=schema.SessionDeleteCapabilities(),
    ),
)
SETUP = "model"
"""The id of the way to set Holdfast up, which is no login: a model endpoint has to answer."""
DOCTOR = "doctor"

HOW_TO_SET_UP = (
    "Holdfast needs no login. It asks any OpenAI-compatible endpoint: start one on this "
    "machine (Ollama, LM Studio, llama.cpp), or set HOLDFAST_MODEL__BASE_URL, "
    "HOLDFAST_MODEL__NAME and HOLDFAST_API_KEY; `holdfast doctor` says what is found."
)


class AcpAgent:
    """An `AcpAgent` answers the requests of one client; close it.

    The names of the methods are the SDK's. What a client sends in `_meta` is let pass.
    """

    def __init__(self, client: AcpClient) -> None:
        self._client = client
        self._sessions = OpenSessions(client)
        self.deletion = SessionDeletion(self._sessions)

    def on_connect(self, conn: Asking) -> None:
        """Takes the way back to the client."""
        self._client.asking = conn

    @answering
    async def initialize(
        self,
        protocol_version: int,
        client_capabilities: schema.ClientCapabilities | None = None,
        client_info: schema.Implementation | None = None,
        **meta: Any,
    ) -> schema.InitializeResponse:
        """Says what the agent can, in the newest version of the protocol that both speak."""
        del client_info, meta
        self._client.can = client_capabilities or schema.ClientCapabilities()
        return schema.InitializeResponse(
            protocol_version=min(max(protocol_version, 1), PROTOCOL_VERSION),
            agent_capabilities=CAPABILITIES,
            auth_methods=_setup(self._client),
            agent_info=schema.Implementation(
                name="holdfast", title="Holdfast", version=__version__
            ),
        )

    @answering
    async def authenticate(self, method_id: str, **meta: Any) -> schema.AuthenticateResponse:
        """Needs nothing: there is no account. Raises WrongRequest for another method."""
        del meta
        if method_id not in (SETUP, DOCTOR):
            raise WrongRequest(f"there is no method {method_id!r}; nothing needs a login")
        return schema.AuthenticateResponse()

    @answering
    async def new_session(
        self,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: Servers | None = None,
        **meta: Any,
    ) -> schema.NewSessionResponse:
        """Opens a session in a folder."""
        del additional_directories, meta
        session = await self._sessions.new(cwd, mcp_servers)
        session.announce()
        return schema.NewSessionResponse(
            session_id=session.id,
            modes=session.choices.modes,
            config_options=list(session.choices.options),
        )

    @answering
    async def load_session(
        self,
        cwd: str,
        session_id: str,
        mcp_servers: Servers | None = None,
        additional_directories: list[str] | None = None,
        **meta: Any,
    ) -> schema.LoadSessionResponse:
        """Opens a session of the past and shows all of it."""
        del additional_directories, meta
        session = await self._sessions.take_up(session_id, cwd, mcp_servers, show=True)
        session.announce()
        return schema.LoadSessionResponse(
            modes=session.choices.modes, config_options=list(session.choices.options)
        )

    @answering
    async def resume_session(
        self,
        session_id: str,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: Servers | None = None,
        **meta: Any,
    ) -> schema.ResumeSessionResponse:
        """Opens a session of the past and shows nothing of it."""
        del additional_directories, meta
        session = await self._sessions.take_up(session_id, cwd, mcp_servers, show=False)
        session.announce()
        return schema.ResumeSessionResponse(
            modes=session.choices.modes, config_options=list(session.choices.options)
        )

    @answering
    async def fork_session(
        self,
        session_id: str,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: Servers | None = None,
        **meta: Any,
    ) -> schema.ForkSessionResponse:
        """Opens a session that goes on from where another one is now, which stays as it is."""
        del additional_directories, meta
        session = await self._sessions.new(cwd, mcp_servers, origin=session_id)
        session.announce()
        return schema.ForkSessionResponse(
            session_id=session.id,
            modes=session.choices.modes,
            config_options=list(session.choices.options),
        )

    @answering
    async def list_sessions(
        self, cwd: str | None = None, cursor: str | None = None, **meta: Any
    ) -> schema.ListSessionsResponse:
        """Lists the sessions of a folder, or of all, the newest first."""
        del meta
        return await asyncio.to_thread(list_sessions, cwd, cursor)

    @answering
    async def close_session(self, session_id: str, **meta: Any) -> schema.CloseSessionResponse:
        """Stops what a session does and closes it; it can be loaded again."""
        del meta
        await self._sessions.close(self._sessions.need(session_id))
        return schema.CloseSessionResponse()

    @answering
    async def set_session_mode(
        self, session_id: str, mode_id: str, **meta: Any
    ) -> schema.SetSessionModeResponse:
        """Chooses how a session works."""
        del meta
        self._sessions.need(session_id).choose_mode(mode_named(mode_id))
        return schema.SetSessionModeResponse()

    @answering
    async def set_config_option(
        self, session_id: str, config_id: str, value: str | bool, **meta: Any
    ) -> schema.SetSessionConfigOptionResponse:
        """Chooses the mode or the model of a session."""
        del meta
        session = self._sessions.need(session_id)
        match config_id, value:
            case ("mode", str(name)):
                session.choose_mode(mode_named(name))
            case ("model", str(name)):
                session.choose_model(name)
            case _:
                raise WrongRequest(f"there is no option {config_id!r}; known: {MODE}, {MODEL}")
        return schema.SetSessionConfigOptionResponse(config_options=list(session.choices.options))

    @answering
    async def prompt(self, session_id: str, prompt: Blocks, **meta: Any) -> schema.PromptResponse:
        """Works on what a person wrote, to the end."""
        del meta
        return await self._sessions.need(session_id).prompt(prompt)

    async def cancel(self, session_id: str, **meta: Any) -> None:
        """Stops what a session does; its prompts are answered then."""
        del meta
        if session := self._sessions.find(session_id):
            session.cancel()

    async def close(self) -> None:
        """Closes all sessions; their runs can be gone on with."""
        await self._sessions.close_all()


def _setup(client: AcpClient) -> list[schema.AuthMethodAgent | schema.TerminalAuthMethod]:
    """The ways to set Holdfast up; the second one for clients that have a terminal for it."""
    methods: list[schema.AuthMethodAgent | schema.TerminalAuthMethod] = [
        schema.AuthMethodAgent(id=SETUP, name="Set a model endpoint", description=HOW_TO_SET_UP)
    ]
    if client.can.auth and client.can.auth.terminal:
        methods.append(
            schema.TerminalAuthMethod(
                type="terminal",
                id=DOCTOR,
                name="Look at the set-up",
                description="Says in a terminal which endpoint is found, and where it is set.",
                args=["doctor"],
            )
        )
    return methods
