"""This module makes the Agent of a run, out of what its workspace shares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from lsp_server.agent.instructions import project_instructions, system_text, task_text
from lsp_server.agent.loop import Agent
from lsp_server.agent.run_config import RunConfig
from lsp_server.assemble.approval import run_approval
from lsp_server.assemble.goals import run_stop_policy
from lsp_server.assemble.hooks import run_hooks
from lsp_server.assemble.model_chain import ModelChain
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.run_processes import ClosingAgent, RunProcesses, run_processes
from lsp_server.assemble.toolbox import describe_sandbox, run_toolbox
from lsp_server.assemble.workflows import closing_check
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.events import Warned
from lsp_server.domain.messages import ModelRole
from lsp_server.domain.ports import Tool
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.session.children import Children
from lsp_server.session.goals import Goals
from lsp_server.session.memory import SessionMemory
from lsp_server.session.memory.run_memory import RunMemorySource
from lsp_server.session.run_context import RunContext
from lsp_server.session.runs import Runs
from lsp_server.session.subagents import Subagents
from lsp_server.session.trust import TrustItem, waiting_text
from lsp_server.session.workflows.workflow_calls import WorkflowCalls
from lsp_server.skills.catalogue import Catalogue, catalogue_text
from lsp_server.tools.approval import Approval
from lsp_server.tools.skill import SkillTool
from lsp_server.tools.task import AgentChoice, TaskTool
from lsp_server.tools.workflow import WorkflowTool

CATALOGUE_SHARE = 0.03
"""The share of the prompt for the list of skills: about 25 of them at the default size."""


class AgentFactory:
    """An `AgentFactory` makes the Agent of each run in a workspace.

    `services`, `roles`, `goals` and `memory` are those of the session. `endpoint_stats`
    keep what Max Mode learned of each endpoint, by its name, from run to run. `runs` gives
    the runs of the session, to which a run adds its children.

    Example, the way `session.runs.Runs` uses it::

        factory = AgentFactory(services, roles, goals, memory, {}, lambda: runs)
        agent = await factory.agent(run_context)
        outcome = await agent.run()
    """

    def __init__(
        self,
        services: WorkspaceServices,
        roles: RoleModels,
        goals: Goals,
        memory: SessionMemory,
        endpoint_stats: dict[str, EndpointStats],
        runs: Callable[[], Runs],
    ) -> None:
        self._services = services
        self._memory = memory
        self._roles = roles
        self._goals = goals
        self._runs = runs
        self._said_to_wait: tuple[TrustItem, ...] = ()
        self._endpoint_stats = endpoint_stats
        self._models = ModelChain(services, roles, endpoint_stats)

    def at(self, services: WorkspaceServices) -> AgentFactory:
        """Returns the same factory for a copy of the workspace, whose services are given."""
        return AgentFactory(
            services, self._roles, self._goals, self._memory, self._endpoint_stats, self._runs
        )

    async def agent(self, run_context: RunContext) -> ClosingAgent:
        """Makes the Agent of a run. Raises ConfigurationError, ModelError when no model is found."""
        if await asyncio.to_thread(self._services.known_secrets.refresh):
            # Files for secrets are mostly ignored, so no watcher reports them to memory.
            self._memory.files_changed([self._services.workspace.root])
        approval = await run_approval(self._services, run_context)
        extensions = self._services.extensions
        await self._say_what_waits(run_context)
        catalogue = extensions.skills.usable  # They were looked at for what waits.
        more: list[Tool] = [SkillTool(extensions.skills.load)] if catalogue.skills else []
        processes = await run_processes(self._services, run_context)
        more += self._child_tools(run_context, catalogue, approval, processes)
        hooks = await run_hooks(self._services, run_context)
        toolbox = await run_toolbox(
            self._services, self._memory, run_context, approval, processes, hooks, more
        )
        worker = await self._models.worker(run_context)
        model = await self._models.model(run_context, worker, toolbox)
        stop_policy = run_stop_policy(
            self._services, self._roles, self._goals, run_context, approval, processes.confined
        )
        memory_source = RunMemorySource(
            self._memory,
            run_context.run_id,
            lambda path: approval.visible(self._services.workspace.root / path),
            self._services.workspace.root,
            extensions.facts.told,
        )
        sandbox = await self._describe_sandbox(run_context)
        run_config = await self._run_config(run_context, catalogue, sandbox, worker.role)
        agent = Agent(
            model,
            toolbox,
            run_context.event_log,
            stop_policy,
            run_config,
            memory_source,
            self._services.checkpoints,
            await self._models.summarizer(run_context, worker),
            hooks,
        )
        return ClosingAgent(agent, processes)

    def _child_tools(
        self,
        run_context: RunContext,
        catalogue: Catalogue,
        approval: Approval,
        processes: RunProcesses,
    ) -> list[Tool]:
        """The tools that begin subagents, which have none themselves."""
        if run_context.is_subagent or run_context.settings.run.children_max == 0:
            return []
        skills = self._services.extensions.skills
        agents = [AgentChoice(one.name, one.description) for one in catalogue.agents]
        children = Children(self._runs(), run_context)
        closing = partial(
            closing_check,
            self._services,
            self._roles,
            self._goals,
            run_context,
            approval,
            processes.confined,
        )
        may_build = run_context.task.mode == "build"
        return [
            TaskTool(Subagents(children, run_context, skills), agents, may_build=may_build),
            WorkflowTool(WorkflowCalls(children, run_context, skills, closing)),
        ]

    async def _describe_sandbox(self, run_context: RunContext) -> str:
        settings, sandboxes = run_context.current_settings, self._services.sandboxes
        if run_context.task.mode != "build" or not await sandboxes.confine_commands(settings):
            return ""
        return await describe_sandbox(sandboxes, settings.sandbox)

    async def _say_what_waits(self, run_context: RunContext) -> None:
        waiting = await self._services.extensions.trust.waiting()
        # Once for the same texts: a person who leaves them alone knows it.
        if waiting and waiting != self._said_to_wait:
            run_context.event_log.emit(Warned(waiting_text(waiting)))
        self._said_to_wait = waiting

    async def _run_config(
        self, run_context: RunContext, catalogue: Catalogue, sandbox: str, role: ModelRole
    ) -> RunConfig:
        root, settings = self._services.workspace.root, run_context.settings
        # Reads files, and walks the whole workspace for them.
        project = await asyncio.to_thread(
            lambda: project_instructions(root, self._services.ignore.walk())
        )
        compact_at_tokens = round(settings.prompt_tokens_max * settings.context.rebuild_at)
        skills = catalogue_text(
            catalogue.skills,
            SkillTool.spec.name,
            round(compact_at_tokens * CATALOGUE_SHARE),
            run_context.event_log.context.measure,
        )
        return RunConfig(
            system=system_text(run_context.task, project, sandbox, skills),
            task_text=task_text(run_context.task, root),
            budget=run_context.budget,
            compact_at_tokens=compact_at_tokens,
            brief=settings.context.brief,
            images=run_context.task.images,
            model=self._services.provider.description or "",
            length_setting=settings.model_of(role).setting("output_tokens_max"),
        )
