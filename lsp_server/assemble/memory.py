"""This module opens the memory of a session, with the embedder that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsp_server.assemble.embedder import embedder_of
from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable
from lsp_server.memory.memory import Memory
from lsp_server.memory.workspace_code import OpenCode, OwnCode
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.sandbox import StartProcess
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.paths import Workspace


async def open_memory(
    folder: Path,
    workspace: Workspace,
    secrets: Callable[[], Secrets],
    settings: MemorySettings,
    *,
    commands: CommandRunner,
    start_process: StartProcess,
) -> Memory:
    """Opens the memory in `folder`; `secrets` returns what is to be redacted in it,
    `commands` run git, and `start_process` starts the processes that parse.

    Raises MemoryUnavailable, also for wrong settings: a run goes on without memory.
    """
    try:
        settings.require_usable()
        embedder = embedder_of(settings)
    except (ConfigurationError, ImportError) as error:
        raise MemoryUnavailable(str(error)) from error
    open_code: OpenCode = OwnCode
    if settings.base_uri is not None:
        from lsp_server.assemble.team_base import open_base  # noqa: PLC0415 - only where one is named

        given = (folder, workspace, embedder, commands, settings.base_uri)
        open_code = await open_base(*given, copy_bytes_max=settings.base_copy_bytes_max)
    return await Memory.open(
        *(folder, workspace, embedder, settings, secrets),
        start_process=start_process,
        open_code=open_code,
    )
