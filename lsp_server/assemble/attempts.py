"""This module makes the agent of a run that makes several attempts, and what each one works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from lsp_server.agent.goal_check import Continue
from lsp_server.agent.state import State
from lsp_server.assemble.agent_factory import AgentFactory
from lsp_server.assemble.approval import run_approval
from lsp_server.assemble.goals import run_stop_policy, run_verifier
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.workspace_services import AskedFor, WorkspaceServices
from lsp_server.domain.events import Emit, FileChanged, RecordedEvent
from lsp_server.domain.goals import Goal
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.tasks import Outcome, RunId, Task
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.verifier import Verified
from lsp_server.models.wrappers import PricedModel
from lsp_server.redaction.secrets import is_secret_file
from lsp_server.session.attempts.attempt_judge import AttemptJudge
from lsp_server.session.attempts.attempts_agent import AttemptParts, AttemptsAgent
from lsp_server.session.attempts.evidence import diff_of
from lsp_server.session.goals import Goals
from lsp_server.session.memory import SessionMemory
from lsp_server.session.notices import Notify, RunEvent
from lsp_server.session.run import Run, RunAgent
from lsp_server.session.run_context import RunContext
from lsp_server.session.runs import Runs
from lsp_server.tools.approval import Approval
from lsp_server.tools.write_turns import WriteTurns
from lsp_server.workspace.checkpoints.carry_over import carry_over
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.checkpoints.undo import UndoReport
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_revision import Revisions
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.worktrees.worktrees import Worktree


class AttemptsFactory:
    """An `AttemptsFactory` makes the agent of a run that makes several attempts and takes one.

    All that is given is the session's; `agents` make the agent of an attempt, `runs` are its
    runs, and `notify` is told what happens in attempts.
    """

    def __init__(
        self,
        services: WorkspaceServices,
        roles: RoleModels,
        goals: Goals,
        memory: SessionMemory,
        agents: AgentFactory,
        runs: Runs,
        notify: Notify,
    ) -> None:
        self._services = services
        self._roles = roles
        self._notify = notify
        self._goals = goals
        self._memory = memory
        self._runs = runs
        self._agents = agents

    async def agent(self, run_context: RunContext) -> AttemptsAgent:
        """Makes the agent of a run. Raises ConfigurationError, ModelError when no model is found."""
        services, emit = self._services, run_context.event_log.emit
        # Without a model each of them would fail, and all alike.
        await services.provider.wire()
        approval = await run_approval(services, run_context)
        commands = services.sandboxes.commands(lambda: run_context.current_settings)
        stop_policy = run_stop_policy(
            services, self._roles, self._goals, run_context, approval, commands
        )

        async def find_judge() -> PricedModel:
            return (await self._roles.judge(run_context.settings, emit)).model

        async def decide(state: State, summary: str) -> Outcome:
            # Without another step the policy has an outcome, and no reason to go on.
            decision = await stop_policy.decide(state, summary, may_go_on=False)
            assert not isinstance(decision, Continue)
            return decision

        return AttemptsAgent(
            run_context,
            AttemptParts(
                worktrees=services.worktrees,
                runs=self._runs.store,
                open_workspace=partial(self._open_workspace, run_context.run_id),
                begin=partial(self._begin_child, run_context),
                end=self._end_child,
                judge=AttemptJudge(find_judge, run_context.settings.max_mode.judge_temperature),
                diff=partial(self._diff, approval),
                carry_over=partial(self._carry_over, run_context.run_id),
                decide=decide,
                look_after_kill=services.checkpoints.record_killed_command,
                model=services.provider.check(),
            ),
        )

    def _open_workspace(
        self, run_id: RunId, copy: Worktree, name: str, emit: Emit
    ) -> CopiedWorkspace:
        services = services_of_copy(self._services, copy, AskedFor(run_id, name, emit))
        agents = self._agents.at(services)
        return CopiedWorkspace(services, self._roles, self._goals, agents)

    def _begin_child(
        self, parent: RunContext, run_id: RunId, task: Task, on_event: Callable[[], None]
    ) -> Run:
        def happened(run_id: RunId, recorded: RecordedEvent) -> None:
            # Memory learns from attempts that are not taken, too.
            self._memory.see(run_id, recorded)
            # The run that people see has the questions, with the name of the attempt.
            if not isinstance(recorded.event, PermissionAsked | PermissionAnswered):
                self._notify(RunEvent(run_id, recorded))
            on_event()

        # A subagent would work in the workspace, not in the copy.
        limits = parent.settings.run.model_copy(update={"children_max": 0})
        store = self._runs.store
        run = Run(
            run_id,
            store.open(run_id),
            store,
            parent.settings.model_copy(update={"run": limits}),
            task.budget,
            self._services.redactor,
            happened,
            parent,
        )
        self._runs.at_work[run_id] = run
        return run

    def _end_child(self, run_id: RunId) -> None:
        self._runs.at_work.pop(run_id, None)

    async def _diff(self, approval: Approval, changes: Sequence[FileChanged]) -> str:
        root, content = self._services.workspace.root, self._services.checkpoints.content

        def visible(path: str) -> bool:
            return approval.visible(root / path) and not is_secret_file(Path(path).name)

        return await asyncio.to_thread(diff_of, changes, content, visible)

    async def _carry_over(
        self, run_id: RunId, changes: Sequence[FileChanged], emit: Emit
    ) -> UndoReport:
        services = self._services
        async with services.write_turns.turn(run_id):
            await services.documents.save_drafts()
            return await carry_over(
                changes, services.workspace, services.checkpoints, services.editor, emit
            )


class CopiedWorkspace:
    """A `CopiedWorkspace` is an AttemptWorkspace: `services` are those of the workspace, at a copy."""

    def __init__(
        self, services: WorkspaceServices, roles: RoleModels, goals: Goals, agents: AgentFactory
    ) -> None:
        self._services = services
        self._roles = roles
        self._goals = goals
        self._agents = agents

    async def states(self) -> Mapping[str, str]:
        """Returns the names of the states of all files that count, by path."""
        return await self._services.checkpoints.tree.states()

    async def agent(self, run_context: RunContext) -> RunAgent:
        """Makes the agent of a run that works here. Raises HoldfastError."""
        return await self._agents.agent(run_context)

    async def verify(self, run_context: RunContext, goal: Goal, shown: StopAttempt) -> Verified:
        """Checks a goal here as it is now, by the rules of a run that has ended."""
        approval = await run_approval(self._services, run_context)
        # Its own journal is closed; the run that people see takes what is asked.
        commands = self._services.sandboxes.commands(lambda: run_context.current_settings)
        verifier = run_verifier(
            self._services,
            self._roles,
            self._goals,
            run_context,
            approval,
            commands,
            lambda _: None,
        )
        return await verifier.verify(goal, shown)

    async def close(self) -> None:
        """Ends the MCP servers that were started here."""
        await self._services.extensions.servers.close()


def services_of_copy(
    services: WorkspaceServices, copy: Worktree, asked_for: AskedFor | None = None
) -> WorkspaceServices:
    """Returns what a run in a copy works with: its own files, and all else that is shared."""
    workspace, documents = Workspace(copy.root), Documents()
    ignore = Ignore(workspace)
    sandboxes = services.sandboxes.of_copy(workspace.root)
    own_programs = sandboxes.own_programs(services.current_settings)
    servers = services.servers_in(workspace.root, sandboxes)
    return replace(
        services,
        workspace=workspace,
        ignore=ignore,
        checkpoints=Checkpoints(copy.data, workspace, ignore, services.checkpoints.blobs),
        editor=DiskEditor(documents),
        documents=documents,
        revisions=Revisions(workspace.root, own_programs),
        own_programs=own_programs,
        sandboxes=sandboxes,
        extensions=replace(services.extensions, servers=servers),
        write_turns=WriteTurns(),
        asked_for=asked_for,
    )
