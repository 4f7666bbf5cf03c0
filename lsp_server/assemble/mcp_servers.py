"""This module connects a session to MCP servers: how each is started, and who answers for a person."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import RunId
from lsp_server.mcp_client.answers import answer_of_a_yes
from lsp_server.mcp_client.server import AskBack, McpServer
from lsp_server.mcp_client.server_spec import McpServerSpec
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.session.mcp_servers import SessionServers
from lsp_server.session.permissions import Permissions
from lsp_server.session.trust import Trust
from lsp_server.settings.sections import Settings
from lsp_server.text.truncate import one_line

MESSAGE_CHARS_MAX = 200
"""A longer message of a server's is cut in the line that asks; the question's detail has all of it."""
SERVERS_RUN = RunId("servers")
"""Stands for no run where a server asks a person something."""

PASSED_VARIABLES = ("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "USER")
"""What a server gets of the environment beside what its entry names; no keys are among it."""


def session_servers(
    trust: Trust,
    settings: Callable[[], Settings],
    permissions: Permissions,
    on_change: Callable[[], None],
    root: Path,
    sandboxes: Sandboxes,
) -> SessionServers:
    """Makes the servers of a session; none is started, and the SDK is not imported, before use."""
    environment = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    ask_back = partial(_ask_person, permissions, settings, on_change)

    def connect(spec: McpServerSpec) -> McpServer:
        return _connection(spec, root, environment, settings, sandboxes, ask_back)

    return SessionServers(root, trust, lambda: settings().mcp, os.environ, connect)


def _connection(
    spec: McpServerSpec,
    root: Path,
    environment: Mapping[str, str],
    settings: Callable[[], Settings],
    sandboxes: Sandboxes,
    ask_back: AskBack,
) -> McpServer:
    from lsp_server.mcp_client.connection import McpConnection  # noqa: PLC0415 - heavy: if wanted

    # What the user named has the user's rights; what a checkout named is held as a command is.
    confined = partial(sandboxes.start_confined, settings)
    if spec.origin == "project":
        return McpConnection(spec, confined, root, environment, ask_back)
    # Where it starts, `npx`, `python -m` and `./` find programs: those of a checkout nobody trusted.
    folder = root if spec.entry.cwd else Path.home()
    return McpConnection(spec, start_unconfined, folder, environment, ask_back)


async def _ask_person(
    permissions: Permissions,
    settings: Callable[[], Settings],
    on_change: Callable[[], None],
    server: str,
    message: str,
    schema: Mapping[str, Any],
) -> Mapping[str, Any] | None:
    """Asks what a yes can answer; a question that wants more than that is declined."""
    answer = answer_of_a_yes(schema)
    if answer is None:
        return None
    question = Question(
        uuid4().hex[:12],
        "mcp",
        f"the server {server} asks: {one_line(message, MESSAGE_CHARS_MAX)}",
        f"{message}\n\nA yes answers: {json.dumps(dict(answer), ensure_ascii=False)}",
    )
    seconds = settings().permissions.answer_timeout_seconds
    answered = await permissions.ask(SERVERS_RUN, question, lambda _: on_change(), seconds)
    return None if answered.answer == "deny" else answer
