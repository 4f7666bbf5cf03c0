"""This module is `holdfast mcp`: goals and memory for other agents, as an MCP server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lsp_server.assemble.lending import lend
from lsp_server.cli.command_session import command_session
from lsp_server.cli.exit_status import STOPPED, run_command, workspace_folder
from lsp_server.cli.permission_flags import PermissionFlags
from lsp_server.cli.terminal_prompt import NOBODY_IS_THERE
from lsp_server.domain.permissions import Answered, Question
from lsp_server.mcp_server.server import serve
from lsp_server.session.lending import Lending
from lsp_server.system.message_stream import ByteStream, standard_streams
from lsp_server.system.termination import on_termination


def mcp(workspace: Path | None, flags: PermissionFlags) -> int:
    """Serves another agent on stdin and stdout until it leaves; the exit status.

    Without a `workspace` the client's first root counts, else the folder it was started in.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write("holdfast waits for an agent here; see holdfast mcp --help\n")
    with standard_streams() as stream:
        return run_command(_serve(stream, workspace, flags))


async def _serve(stream: ByteStream, workspace: Path | None, flags: PermissionFlags) -> int:
    named = workspace_folder(workspace) if workspace is not None else None

    @asynccontextmanager
    async def open_lending(folder: Path) -> AsyncIterator[Lending]:
        settings = await flags.settings(folder)
        approves = flags.yes and settings.permissions.mode == "sandboxed"
        async with command_session(folder, settings, confirm=_nobody) as session:
            yield lend(session, approves_checks=approves)

    serving = asyncio.ensure_future(serve(stream, open_lending, named, Path.cwd()))
    with on_termination(lambda: _cancel(serving)):
        await asyncio.wait({serving})
    if serving.cancelled():
        return STOPPED
    serving.result()
    return 0


async def _nobody(question: Question) -> Answered:
    del question
    return Answered("deny", NOBODY_IS_THERE, by_person=False)


def _cancel(serving: asyncio.Future[None]) -> None:
    serving.cancel()
