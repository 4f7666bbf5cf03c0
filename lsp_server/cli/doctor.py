"""`holdfast doctor`: everything that a question about a set-up needs answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsp_server.assemble import diagnose, open_session
from lsp_server.domain.permissions import visible
from lsp_server.settings.layers import load
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents


def examine(workspace: Path) -> str:
    """The report as Markdown, fit for a terminal: it quotes goals, titles and settings."""
    return visible(asyncio.run(_examine(workspace.resolve())))


async def _examine(workspace: Path) -> str:
    documents = Documents()
    loaded = load(workspace)
    editor = DiskEditor(documents, None)
    session = open_session(workspace, loaded.settings, editor, documents, lambda *_: None)
    problems = "\n".join(f"- {problem}" for problem in loaded.problems) or "none"
    try:
        return await diagnose(session, [("Problems with the settings", problems)])
    finally:
        await session.close()
