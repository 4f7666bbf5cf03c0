"""This module switches how much a run at work may do without asking."""

from __future__ import annotations

import asyncio

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.permission_events import PermissionsChanged
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tasks import Mode, RunId
from lsp_server.sandbox.choice import choose, require_own_network
from lsp_server.session.child_runs import top_id
from lsp_server.session.run import Run
from lsp_server.session.runs import Runs
from lsp_server.settings.sections import Settings


async def switch_mode(runs: Runs, run_id: RunId | None, mode: PermissionMode) -> Run:
    """Gives a run at work, by default the newest, and all that it began another mode.

    What it asks and the mode allows is let go. Raises RunNotActive, ConfigurationError, OSError.
    """
    run = runs.active_run(None if run_id is None else top_id(run_id))
    await require_mode(mode, run.context.settings, run.context.task.mode)
    if run.context.current_settings.permissions.mode != mode:
        run.record(PermissionsChanged(mode))
    return run


async def require_mode(mode: PermissionMode, settings: Settings, task_mode: Mode) -> None:
    """Raises ConfigurationError where a run with such settings cannot have the mode."""
    fixed = settings.permissions.mode == "read-only"
    if mode != "read-only" and (fixed or task_mode == "plan"):
        why = "permissions.mode is read-only in the settings" if fixed else "it only plans"
        raise ConfigurationError(f"the run may change nothing, as {why}", key="permissions.mode")
    if mode == "sandboxed":
        await asyncio.to_thread(_require_sandbox, settings)


def _require_sandbox(settings: Settings) -> None:
    found = choose(settings.sandbox.mode)
    if not found.holds:
        raise ConfigurationError(
            "no sandbox holds here, so the mode sandboxed would ask as before; the doctor says why",
            key="permissions.mode",
        )
    if settings.sandbox.hosts:
        require_own_network(found.sandbox)
