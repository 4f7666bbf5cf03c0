"""This module is `holdfast doctor`: everything that a question about a set-up needs answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsp_server.assemble import diagnose
from lsp_server.cli.command_session import command_session
from lsp_server.domain.permissions import visible
from lsp_server.settings.layers import load


def doctor(workspace: Path) -> str:
    """Returns the report as Markdown; what it quotes has its control characters escaped."""
    return visible(asyncio.run(_report(workspace.resolve())))


async def _report(workspace: Path) -> str:
    loaded = load(workspace)
    problems = "\n".join(f"- {problem}" for problem in loaded.problems) or "none"
    async with command_session(workspace, loaded.settings) as session:
        return await diagnose(session, [("Problems with the settings", problems)])
