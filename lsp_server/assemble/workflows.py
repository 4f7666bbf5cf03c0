"""This module makes what works through workflows: the agent of a run, and the tool of another."""

from __future__ import annotations

from lsp_server.assemble.approval import run_approval
from lsp_server.assemble.goals import edits_accepted, run_verifier, verify_in_turn
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.workflows import only_looking
from lsp_server.session.children import Children
from lsp_server.session.goals import Goals
from lsp_server.session.run_context import RunContext
from lsp_server.session.runs import Runs
from lsp_server.session.workflows.closing_check import ClosingCheck
from lsp_server.session.workflows.workflow_agent import WorkflowAgent, WorkflowParts
from lsp_server.session.workflows.workflow_agents import agents_of
from lsp_server.session.workflows.workflow_work import WorkflowPlan
from lsp_server.tools.approval import Approval
from lsp_server.workspace.commands.commands import CommandRunner


async def workflow_agent(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    run_context: RunContext,
    runs: Runs,
) -> WorkflowAgent:
    """Makes the agent of a run that works through a workflow, as its file says now.

    Raises HoldfastError where that cannot be run any more.
    """
    skills, task = services.extensions.skills, run_context.task
    written = await services.extensions.workflows.named(task.workflow)
    workflow = only_looking(written.workflow) if task.mode == "plan" else written.workflow
    agents = await agents_of(workflow, skills)
    # Without a model each node would fail, and all alike.
    await services.provider.wire()
    approval = await run_approval(services, run_context)
    commands = services.sandboxes.commands(lambda: run_context.current_settings)
    return WorkflowAgent(
        run_context,
        WorkflowPlan(workflow, agents),
        WorkflowParts(
            Children(runs, run_context),
            closing_check(services, roles, goals, run_context, approval, commands),
            edits_accepted(services, run_context, approval),
            services.provider.check(),
        ),
    )


def closing_check(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    run_context: RunContext,
    approval: Approval,
    commands: CommandRunner,
) -> ClosingCheck:
    """Makes what checks the nodes of a workflow in the end, by the rules of the run."""
    event_log = run_context.event_log
    verifier = run_verifier(services, roles, goals, run_context, approval, commands, event_log.emit)
    verify = verify_in_turn(services, run_context.run_id, verifier)
    return ClosingCheck(verify, event_log.state, event_log.emit)
