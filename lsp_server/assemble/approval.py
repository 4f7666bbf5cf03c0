"""This module makes what decides about the calls of one run: rules, mode, and whether a sandbox holds."""

from __future__ import annotations

import asyncio

from lsp_server.assemble.sandboxes import sandbox_holds
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.session.run_context import RunContext
from lsp_server.tools.approval import Approval


async def run_approval(services: WorkspaceServices, run_context: RunContext) -> Approval:
    """Makes the Approval of one run, by the rules that are granted now.

    Raises ConfigurationError where the mode needs a sandbox that does not hold.
    """
    await asyncio.to_thread(services.granted_rules.refresh)
    settings = services.granted_rules.added_to(run_context.current_settings)
    return Approval(
        settings.permissions,
        services.workspace,
        run_context.task.mode,
        commands_are_confined=await services.sandboxes.confine_commands(settings),
        sandbox_holds=lambda: sandbox_holds(settings.sandbox),
        granted=lambda: run_context.granted,
    )
