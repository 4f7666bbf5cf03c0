"""This module is `holdfast undo`: the tree as before a run, with a person's later edits kept."""

from __future__ import annotations

import sys
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.exit_status import FAILED, run_command, workspace_folder
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.settings.layers import load


def undo(run_id: str | None, workspace: Path) -> int:
    """Undoes the run, by default the newest; 0 when all came back, else 1."""
    return run_command(_undo(RunId(run_id) if run_id else None, workspace), failed=FAILED)


async def _undo(run_id: RunId | None, workspace: Path) -> int:
    folder = workspace_folder(workspace)
    async with command_session(folder, load(folder).settings) as session:
        report = await session.undo(run_id)
    for path in report.restored:
        done = "removed" if path in report.removed else "restored"
        sys.stdout.write(f"{done} {visible(path)}\n")
    for conflict in report.conflicts:
        sys.stdout.write(visible(f"left alone {conflict.path}: {conflict.reason}\n"))
    if not report.restored and not report.conflicts:
        sys.stdout.write("nothing to take back: the run changed nothing, or was undone before\n")
    return FAILED if report.conflicts else 0
