"""`holdfast undo`: the tree as it was before a run, with a person's later edits kept."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from lsp_server.assemble import open_session
from lsp_server.cli.error_output import error_text, print_error
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.settings.layers import load
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents


def take_back(run_id: str | None, workspace: Path) -> int:
    """Undoes the run; 0 when all came back, 1 when something could not."""
    if not workspace.is_dir():
        print_error(f"--workspace {workspace} is not a folder")
        return 2
    try:
        return asyncio.run(_take_back(RunId(run_id) if run_id else None, workspace.resolve()))
    except HoldfastError as error:
        print_error(error_text(error, run_id))
        return 1


async def _take_back(run_id: RunId | None, workspace: Path) -> int:
    documents = Documents()
    editor = DiskEditor(documents, None)
    settings = load(workspace).settings
    session = open_session(workspace, settings, editor, documents, lambda *_: None)
    try:
        report = await session.runs.undo(run_id)
    finally:
        await session.close()
    for path in report.restored:
        done = "removed" if path in report.removed else "restored"
        sys.stdout.write(f"{done} {visible(path)}\n")
    for conflict in report.conflicts:
        sys.stdout.write(visible(f"left alone {conflict.path}: {conflict.reason}\n"))
    if not report.restored and not report.conflicts:
        sys.stdout.write("nothing to take back\n")
    return 1 if report.conflicts else 0
