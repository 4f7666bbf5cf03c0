"""This module makes what decides whether a goal is met: in a run, and outside of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from lsp_server.agent.goal_check import Verify
from lsp_server.agent.stop_policy import Accept, StopPolicy
from lsp_server.agent.task_policy import TaskPolicy
from lsp_server.assemble.role_models import RoleModels
from lsp_server.assemble.sandboxes import sandbox_holds
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.events import Emit
from lsp_server.domain.goals import Evidence, Goal
from lsp_server.domain.permissions import AskPerson, Question
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import RunId
from lsp_server.domain.tools import NeedsCommand
from lsp_server.goals.changes import StopAttempt, changes_as_evidence
from lsp_server.goals.checks import CheckRunner, Permit
from lsp_server.goals.goal_judge import GoalJudge
from lsp_server.goals.verifier import Verified, Verifier, VerifierContext
from lsp_server.redaction.secrets import is_secret_file
from lsp_server.session.goals import Goals
from lsp_server.session.run_context import RunContext
from lsp_server.settings.sections import Settings
from lsp_server.tools.approval import Allow, Approval, Ask, Deny
from lsp_server.tools.free import profile_of
from lsp_server.tools.shell import Shell
from lsp_server.workspace.commands.commands import CommandRunner

GOALS_RUN = RunId("goals")
"""The id that takes a run's place in questions about checks that no run asked for."""

TASK_EVIDENCE_CHARS_MAX = 24_000
"""What the judge of a task sees of changes and checks: the cost of each run without a goal."""

PERSON_WAITS_SECONDS = 60.0
"""How long a judge may take that no run but a person waits for."""


def run_stop_policy(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    run_context: RunContext,
    approval: Approval,
    commands: CommandRunner,
) -> StopPolicy:
    """Makes the policy for the stop attempts of one run; `approval` and `commands` are the run's own."""
    settings, event_log = run_context.settings, run_context.event_log
    verifier = run_verifier(services, roles, goals, run_context, approval, commands, event_log.emit)
    re_entries_max, emit = settings.goal.re_entries_max, event_log.emit
    verify_task = None
    # What a subagent did is a part of the work of the run that is judged, and proposals are none.
    is_own = not (run_context.task.parent_call or run_context.sampling.propose)
    if settings.goal.judge_task and is_own:
        verify_task = _task_verifier(services, roles, goals, run_context, approval, commands).verify
    mode = settings.permissions.mode
    task_policy = TaskPolicy(verify_task, emit, re_entries_max, mode)
    verify = verify_in_turn(services, run_context.run_id, verifier)
    accept = edits_accepted(services, run_context, approval)
    return StopPolicy(verify, accept, emit, re_entries_max, task_policy)


def edits_accepted(
    services: WorkspaceServices, run_context: RunContext, approval: Approval
) -> Accept:
    """Returns what asks a person whether edits of what judges the run count."""
    event_log = run_context.event_log
    ask = services.asker(run_context.run_id, event_log.emit, run_context.settings)

    async def accept(paths: tuple[str, ...]) -> bool:
        # A person who is asked sees the edits as a judge would.
        attempt = StopAttempt({path: event_log.state.work.changes[path] for path in paths})
        content = services.checkpoints.content
        shown = await asyncio.to_thread(
            lambda: list(
                changes_as_evidence(
                    attempt, services.workspace, content, "", _make_visibility(approval)
                )
            )
        )
        return (await ask(_question_edits(paths, shown))).answer != "deny"

    return accept


def verify_in_turn(services: WorkspaceServices, run_id: RunId, verifier: Verifier) -> Verify:
    """Returns what checks a goal while nobody else of the run's family changes files."""

    async def verify(goal: Goal, attempt: StopAttempt) -> Verified:
        async with services.write_turns.turn(run_id):
            return await verifier.verify(goal, attempt)

    return verify


def run_verifier(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    run_context: RunContext,
    approval: Approval,
    commands: CommandRunner,
    emit: Emit,
) -> Verifier:
    """Makes the verifier by the rules of one run; `emit` takes its questions and warnings."""
    settings = run_context.settings

    async def judging() -> Model:
        return (await roles.judge(settings, emit)).model

    ask = services.asker(run_context.run_id, emit, settings)
    permit = _check_permit(
        services,
        ask,
        lambda: services.granted_rules.added_to(run_context.current_settings),
        in_run=True,
    )
    return _verifier(services, goals, settings, approval, permit, GoalJudge(judging), commands)


def _task_verifier(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    run_context: RunContext,
    approval: Approval,
    commands: CommandRunner,
) -> Verifier:
    """Makes the verifier for the task of a run that has no goal."""
    settings, emit = run_context.settings, run_context.event_log.emit

    async def judging() -> Model:
        return (await roles.judge(settings, emit)).model

    chars_max = min(TASK_EVIDENCE_CHARS_MAX, settings.prompt_tokens_max * 2)
    judge = GoalJudge(judging, evidence_chars_max=chars_max)
    again = _run_permit(approval, services.asker(run_context.run_id, emit, settings))
    return _verifier(services, goals, settings, approval, again, judge, commands)


def session_verifier(
    services: WorkspaceServices,
    roles: RoleModels,
    goals: Goals,
    settings: Settings,
    on_change: Callable[[], None],
    *,
    asks: bool,
) -> Verifier:
    """Makes the verifier for checks outside of a run.

    With `asks` a person and the judge are asked. `on_change` is called when a
    question was asked or answered.
    """

    async def judging() -> Model:
        return (await roles.judge(settings, lambda _: None)).model

    ask = services.asker(GOALS_RUN, lambda _: on_change(), settings)
    judge = None
    if asks and services.provider.description:
        judge = GoalJudge(judging, seconds_max=PERSON_WAITS_SECONDS)
    settings = services.granted_rules.added_to(settings)
    approval = Approval(settings.permissions, services.workspace)
    permit = _check_permit(services, ask if asks else None, lambda: settings, in_run=False)
    commands = services.sandboxes.commands(lambda: settings)
    return _verifier(services, goals, settings, approval, permit, judge, commands)


def _check_permit(
    services: WorkspaceServices,
    ask: AskPerson | None,
    current_settings: Callable[[], Settings],
    *,
    in_run: bool,
) -> Permit:
    """Decides about the checks of goals, of which a person approves each text once."""

    async def permit(command: str) -> str | None:
        # A checkout brings goals too: outside of a run its commands are not freed.
        now = current_settings()
        is_confined = in_run and await services.sandboxes.confine_commands(now)
        decision = await services.check_approvals.decide(
            command,
            now.permissions,
            ask,
            commands_are_confined=is_confined,
            sandbox_holds=lambda: sandbox_holds(now.sandbox),
        )
        return decision.reason if isinstance(decision, Deny) else None

    return permit


def _run_permit(approval: Approval, ask: AskPerson) -> Permit:
    """Decides about commands of the run itself that run once more: as about its other calls."""

    async def permit(command: str) -> str | None:
        decision = await asyncio.to_thread(approval.decide, Shell.spec, NeedsCommand(command))
        match decision:
            case Allow():
                return None
            case Deny(reason):
                return f"`{command}` does not run again: {reason}"
            case Ask(question):
                if (await ask(question)).answer != "deny":
                    return None
                return f"files changed since `{command}` ran, and nobody let it run again"

    return permit


def _verifier(
    services: WorkspaceServices,
    goals: Goals,
    settings: Settings,
    approval: Approval,
    permit: Permit,
    judge: GoalJudge | None,
    commands: CommandRunner,
) -> Verifier:
    context = VerifierContext(
        workspace=services.workspace,
        contents=services.contents,
        content=services.checkpoints.content,
        visible=_make_visibility(approval),
        waived=goals.statuses.waived,
        revision=services.revisions.of,
    )
    seconds = settings.goal.check_timeout_seconds
    checks = CheckRunner(
        services.workspace,
        services.editor,
        permit,
        seconds,
        commands,
        services.redactor,
        lambda command: profile_of(command, services.workspace),
    )
    return Verifier(context, checks, judge)


def _make_visibility(approval: Approval) -> Callable[[Path], bool]:
    """Returns a test of which files a judge may see: no rule is against it, nor is it secret."""
    return lambda path: approval.visible(path) and not is_secret_file(path.name)


def _question_edits(paths: tuple[str, ...], shown: Sequence[Evidence]) -> Question:
    """Asks whether a run may have edited what judges it; `shown` are the edits."""
    return Question(
        id=uuid4().hex[:12],
        tool="goal",
        summary=f"the goal's checks hold, but the run edited what judges it: {', '.join(paths)}. "
        "Does that count?",
        detail="\n".join(evidence.output_tail for evidence in shown),
        path=paths[0],
    )
