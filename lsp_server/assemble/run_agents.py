"""This module makes the agent of each run that a person begins, of the kind that its task asks for."""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.assemble import on_demand
from lsp_server.assemble.agent_factory import AgentFactory
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.session.goals import Goals
from lsp_server.session.memory import SessionMemory
from lsp_server.session.notices import Notify
from lsp_server.session.run import RunAgent
from lsp_server.session.run_context import RunContext
from lsp_server.session.runs import Runs


class RunAgentFactory:
    """A `RunAgentFactory` makes the agent of each run that a person begins in a workspace.

    That is the loop, what works through a workflow, or what makes several attempts and takes
    one, as the task asks for.
    All that is given is the session's; `runs` gives its runs, and `notify` is told what
    happens in attempts.
    """

    def __init__(
        self,
        services: WorkspaceServices,
        roles: RoleModels,
        goals: Goals,
        memory: SessionMemory,
        endpoint_stats: dict[str, EndpointStats],
        runs: Callable[[], Runs],
        notify: Notify,
    ) -> None:
        self._services = services
        self._roles = roles
        self._notify = notify
        self._goals = goals
        self._memory = memory
        self._runs = runs
        self._agents = AgentFactory(services, roles, goals, memory, endpoint_stats, runs)

    async def agent(self, run_context: RunContext) -> RunAgent:
        """Makes the agent of a run. Raises ConfigurationError, ModelError when no model is found."""
        shared = (self._services, self._roles, self._goals)
        if run_context.task.workflow:
            return await on_demand.workflow_agent(*shared, run_context, self._runs())
        if run_context.task.attempts.count == 1:
            return await self._agents.agent(run_context)
        factory = on_demand.attempts(
            *shared, self._memory, self._agents, self._runs(), self._notify
        )
        return await factory.agent(run_context)
