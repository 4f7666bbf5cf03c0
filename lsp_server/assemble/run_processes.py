"""This module holds what runs the commands of one run: those of steps, of checks, and in the background."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from lsp_server.agent.loop import Agent
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.tasks import Outcome
from lsp_server.sandbox.shared_network import SharedNetwork
from lsp_server.session.run_context import RunContext
from lsp_server.workspace.commands.background_commands import BackgroundCommands
from lsp_server.workspace.commands.commands import CommandRunner


@dataclass(frozen=True, slots=True)
class RunProcesses:
    """A `RunProcesses` has what the commands of one run have in common. Close it when the run ends."""

    confined: CommandRunner
    unconfined: CommandRunner
    background: BackgroundCommands
    network: SharedNetwork

    async def close(self) -> None:
        """Ends what runs in the background."""
        await self.background.close()
        await asyncio.to_thread(self.network.close)


async def run_processes(services: WorkspaceServices, run_context: RunContext) -> RunProcesses:
    """Makes them, once what an earlier process left of the run has ended."""
    network, event_log = SharedNetwork(), run_context.event_log
    background = BackgroundCommands(
        run_context.journal_path.parent,
        services.workspace.root,
        event_log.emit,
        services.redactor,
        lambda: event_log.state.background.started,
        lambda: event_log.state.work.changes,
        services.documents.buffers(),
    )
    await background.end_left_over()
    confined = services.sandboxes.commands(lambda: run_context.current_settings, network)
    unconfined = replace(confined, runner=services.sandboxes.host)
    return RunProcesses(confined, unconfined, background, network)


@dataclass(frozen=True, slots=True)
class ClosingAgent:
    """A `ClosingAgent` works on a run as the Agent in it does, and leaves no command behind."""

    agent: Agent
    processes: RunProcesses

    async def run(self) -> Outcome:
        """Works until there is an outcome, then ends what runs in the background."""
        try:
            return await self.agent.run()
        finally:
            await self.processes.close()
