"""An Agent for each run."""

from __future__ import annotations

import asyncio

from lsp_server.agent.instructions import opening_text, project_instructions, system_text
from lsp_server.agent.loop import Agent
from lsp_server.agent.terms import Terms
from lsp_server.assemble.goals import run_arbiter
from lsp_server.assemble.judges import JudgeModel
from lsp_server.assemble.recollection import WorkspaceRecollection
from lsp_server.assemble.sampling import Sampling
from lsp_server.assemble.site import Site
from lsp_server.assemble.toolbox import run_toolbox
from lsp_server.max_mode.drawing import Habits
from lsp_server.session.goals import Goals
from lsp_server.session.launch import Launch
from lsp_server.session.memory import SessionMemory
from lsp_server.tools.approval import Approval


class Crew:
    """Puts the parts of a run together."""

    def __init__(
        self,
        site: Site,
        judges: JudgeModel,
        goals: Goals,
        memory: SessionMemory,
        habits: dict[str, Habits],
    ) -> None:
        self._site = site
        self._memory = memory
        self._judges = judges
        self._goals = goals
        self._sampling = Sampling(site, judges, habits)

    async def agent(self, launch: Launch) -> Agent:
        """Raises ConfigurationError, ModelError when there is no model to ask."""
        if await asyncio.to_thread(self._site.known_secrets.refresh):
            # Files for secrets are mostly ignored ones, of which nobody tells memory.
            self._memory.changed([self._site.workspace.root])
        permissions, mode = launch.settings.permissions, launch.task.mode
        approval = Approval(permissions, self._site.workspace, mode)
        toolbox = run_toolbox(self._site, self._memory, launch, approval)
        model = await self._sampling.model(launch, toolbox, approval)
        arbiter = run_arbiter(self._site, self._judges, self._goals, launch, approval)
        recollection = WorkspaceRecollection(
            self._memory,
            launch.run_id,
            lambda path: approval.visible(self._site.workspace.root / path),
        )
        terms = await self._terms(launch)
        return Agent(
            model,
            toolbox,
            launch.record,
            arbiter,
            terms,
            recollection,
            self._site.checkpoints,
            await self._sampling.worker(launch),
        )

    async def _terms(self, launch: Launch) -> Terms:
        root, settings = self._site.workspace.root, launch.settings
        project = await asyncio.to_thread(
            lambda: project_instructions(root, self._site.ignore.walk())
        )
        budget_tokens = settings.prompt_tokens_max
        return Terms(
            system=system_text(launch.task.mode, project),
            opening=opening_text(launch.task, root),
            budget=launch.task.budget,
            budget_tokens=budget_tokens,
            rebuild_tokens=round(budget_tokens * settings.context.rebuild_at),
            brief=settings.context.brief,
        )
