"""This module makes what a plain run does without, and imports it then.

So nobody waits for the first request while attempts, workflows or the evolution are loaded,
or memory that is off. `tests/house/test_start.py` holds what a run may not load.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsp_server.assemble.agent_factory import AgentFactory
    from lsp_server.assemble.attempts import AttemptsFactory
    from lsp_server.assemble.role_models import RoleModels
    from lsp_server.assemble.workspace_services import WorkspaceServices
    from lsp_server.memory.memory import Memory
    from lsp_server.redaction.secrets import Secrets
    from lsp_server.sandbox.sandbox import StartProcess
    from lsp_server.session.evolution import Evolution
    from lsp_server.session.goals import Goals
    from lsp_server.session.memory import SessionMemory
    from lsp_server.session.memory.session_facts import SessionFacts
    from lsp_server.session.notices import Notify
    from lsp_server.session.run_context import RunContext
    from lsp_server.session.runs import Runs
    from lsp_server.session.session import Session
    from lsp_server.session.workflows.workflow_agent import WorkflowAgent
    from lsp_server.settings.sections import MemorySettings
    from lsp_server.workspace.commands.commands import CommandRunner
    from lsp_server.workspace.files.paths import Workspace


async def open_memory(
    folder: Path,
    workspace: Workspace,
    secrets: Callable[[], Secrets],
    settings: MemorySettings,
    *,
    commands: CommandRunner,
    start_process: StartProcess,
) -> Memory:
    """Opens the memory in `folder`, as `assemble.memory` has it. Raises MemoryUnavailable."""
    # Memory is opened beside the first step, which the import is not to hold up.
    await asyncio.to_thread(importlib.import_module, "lsp_server.assemble.memory")
    from lsp_server.assemble import memory

    return await memory.open_memory(
        *(folder, workspace, secrets, settings), commands=commands, start_process=start_process
    )


def evolution(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    runs: Runs,
    facts: SessionFacts,
    notify: Notify,
) -> Evolution:
    """Makes the evolution of one workspace, which learns from its `runs`."""
    from lsp_server.assemble.evolution import session_evolution

    return session_evolution(services, roles, goals, runs, facts, notify)


async def workflow_agent(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    run_context: RunContext,
    runs: Runs,
) -> WorkflowAgent:
    """Makes the agent of a run that works through a workflow. Raises HoldfastError."""
    from lsp_server.assemble import workflows

    return await workflows.workflow_agent(services, roles, goals, run_context, runs)


def attempts(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    memory: SessionMemory,
    agents: AgentFactory,
    runs: Runs,
    notify: Notify,
) -> AttemptsFactory:
    """Makes what makes the agents of runs with several attempts."""
    from lsp_server.assemble.attempts import AttemptsFactory

    return AttemptsFactory(services, roles, goals, memory, agents, runs, notify)


async def doctor_report(
    versions: str,
    session: Session | None,
    extra: Sequence[tuple[str, str]],
    settings_problems: Sequence[str] | None,
) -> str:
    """Writes the doctor's report as Markdown, as `session.doctor_report` has it."""
    from lsp_server.session import doctor_report as doctor

    return await doctor.doctor_report(versions, session, extra, settings_problems)
