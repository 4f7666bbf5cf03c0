"""This module is `holdfast send`: a message for a run, wherever it is at work."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import FAILED, UsageError, run_command
from lsp_server.cli.run import RunOptions, run_task
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.session.left_messages import leave_message
from lsp_server.system import startup


def send(run_id: str, options: RunOptions) -> int:
    """Tells a run the task of the `options`: one at work reads it, another goes on with it here."""
    startup.restore_garbage_collection()
    return run_command(_send(RunId(run_id), options), failed=FAILED)


async def _send(run_id: RunId, options: RunOptions) -> int:
    text = options.task or ""
    if not text.strip():
        raise UsageError("say what to tell the run")
    folder = runs_folder(options.workspace)
    if not await _is_told(run_id, text, folder):
        return await run_task(replace(options, workspace=folder, resume=run_id))
    return 0


async def _is_told(run_id: RunId, text: str, folder: Path) -> bool:
    """Tells a run that is at work in another process; False when it is at work nowhere."""
    async with command_session(
        folder, load_settings(folder, {"memory": {"enabled": False}})
    ) as session:
        run = session.runs.choose(run_id, "speak to")
        if not run.at_work:
            return False
        if not await leave_message(session.runs.store.journal(run.run_id).parent, text):
            raise HoldfastError(f"run {run.run_id} does not read messages; its process may hang")
    sys.stdout.write(visible(f"told: {run.title}\n"))
    return True
