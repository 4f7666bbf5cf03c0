"""This module is `holdfast doctor`: everything that a question about a set-up needs answered."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from lsp_server.assemble.session import diagnose
from lsp_server.cli.command_session import command_session
from lsp_server.cli.exit_status import FAILED, run_command, workspace_folder
from lsp_server.domain.permissions import visible
from lsp_server.server.meeting.census import background_servers
from lsp_server.settings.layers import load


def doctor(workspace: Path) -> int:
    """Prints the report as Markdown; 0 when there is one.

    What it quotes has its control characters escaped.
    """
    return run_command(_doctor(workspace), failed=FAILED)


async def _doctor(workspace: Path) -> int:
    folder = workspace_folder(workspace)
    loaded = load(folder)
    async with command_session(folder, loaded.settings) as session:
        servers = await asyncio.to_thread(background_servers)
        problems = [str(problem) for problem in loaded.problems]
        report = await diagnose(session, [("Background servers", servers)], problems)
    sys.stdout.write(visible(report))
    return 0
