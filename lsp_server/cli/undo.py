"""This module is `holdfast undo` and `holdfast rewind`: the tree as before, with a person's later edits kept."""

from __future__ import annotations

import sys
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.exit_status import FAILED, run_command
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.settings.layers import load
from lsp_server.wording.event_labels import step_text
from lsp_server.workspace.checkpoints.undo import UndoReport


def undo(run_id: str | None, workspace: Path) -> int:
    """Undoes the run, by default the newest; 0 when all came back, else 1."""
    return run_command(
        _undo(RunId(run_id) if run_id is not None else None, workspace), failed=FAILED
    )


def rewind(run_id: str, step: int, workspace: Path) -> int:
    """Takes a run back to the end of a step; 0 when all came back, else 1."""
    return run_command(_rewind(RunId(run_id), step, workspace), failed=FAILED)


async def _rewind(run_id: RunId, step: int, workspace: Path) -> int:
    folder = runs_folder(workspace)
    async with command_session(folder, load(folder).settings) as session:
        done = await session.rewinds.rewind(run_id, step)
    _show(done.files)
    sys.stdout.write(f"run {done.run_id} is at {step_text(done.step)}\n")
    sys.stdout.write(f'go on: holdfast run --resume {done.run_id} "what to do instead"\n')
    return FAILED if done.files.conflicts else 0


async def _undo(run_id: RunId | None, workspace: Path) -> int:
    folder = runs_folder(workspace)
    async with command_session(folder, load(folder).settings) as session:
        report = await session.undo(run_id)
    _show(report)
    if not report.restored and not report.conflicts:
        sys.stdout.write("nothing to take back: the run changed nothing, or was undone before\n")
    return FAILED if report.conflicts else 0


def _show(report: UndoReport) -> None:
    for path in report.restored:
        done = "removed" if path in report.removed else "restored"
        sys.stdout.write(f"{done} {visible(path)}\n")
    for conflict in report.conflicts:
        sys.stdout.write(visible(f"left alone {conflict.path}: {conflict.reason}\n"))
