"""Who decides whether a goal is met: in a run, and outside of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from lsp_server.agent.stop_policy import StopPolicy
from lsp_server.assemble.judge_model import JudgeModel
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.goals import Evidence
from lsp_server.domain.permissions import Question
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import RunId
from lsp_server.goals.changes import StopAttempt, changes_as_evidence
from lsp_server.goals.checks import CheckRunner
from lsp_server.goals.goal_judge import GoalJudge
from lsp_server.goals.verifier import Verifier, VerifierContext
from lsp_server.redaction.secrets import is_secret_file
from lsp_server.session.goals import Goals
from lsp_server.session.goals.check_approvals import Ask
from lsp_server.session.run_context import RunContext
from lsp_server.settings.sections import Settings
from lsp_server.tools.approval import Approval
from lsp_server.tools.free import environment

GOALS_RUN = RunId("goals")
"""Stands for the run in questions about checks that no run asked for."""

PERSON_WAITS_SECONDS = 60.0
"""How long a judge may take that no run but a person waits for."""


def run_stop_policy(
    services: WorkspaceServices,
    judges: JudgeModel,
    goals: Goals,
    run_context: RunContext,
    approval: Approval,
) -> StopPolicy:
    """Decides on the stop attempts of one run."""
    settings, event_log = run_context.settings, run_context.event_log
    ask = services.asking(run_context.run_id, event_log.emit, settings)

    async def judging() -> Model:
        return await judges.find(settings, event_log.emit)

    async def accept(paths: tuple[str, ...]) -> bool:
        attempt = StopAttempt({path: event_log.state.changes[path] for path in paths})
        kept = services.checkpoints.kept
        shown = await asyncio.to_thread(
            lambda: list(
                changes_as_evidence(attempt, services.workspace, kept, "", _open_to(approval))
            )
        )
        return await ask(_about_judges(paths, shown)) != "deny"

    judge = GoalJudge(judging)
    verifier = _verifier(services, goals, settings, approval, ask, judge)
    return StopPolicy(verifier.verify, accept, event_log.emit, settings.goal.re_entries_max)


def session_verifier(
    services: WorkspaceServices, judges: JudgeModel, goals: Goals, settings: Settings, *, asks: bool
) -> Verifier:
    """For checks outside of a run; with `asks` a person and the judge are asked."""

    async def judging() -> Model:
        return await judges.find(settings, lambda _: None)

    ask = services.asking(GOALS_RUN, lambda _: goals.on_change(), settings)
    judge = None
    if asks and services.worker.description:
        judge = GoalJudge(judging, seconds_max=PERSON_WAITS_SECONDS)
    approval = Approval(settings.permissions, services.workspace)
    return _verifier(services, goals, settings, approval, ask if asks else None, judge)


def _verifier(
    services: WorkspaceServices,
    goals: Goals,
    settings: Settings,
    approval: Approval,
    ask: Ask | None,
    judge: GoalJudge | None,
) -> Verifier:
    async def permit(command: str) -> str | None:
        return await services.check_approvals.permit(command, settings.permissions, ask)

    scene = VerifierContext(
        workspace=services.workspace,
        contents=services.contents,
        kept=services.checkpoints.kept,
        visible=_open_to(approval),
        waived=goals.statuses.waived,
        revision=services.revisions.of,
    )
    seconds = settings.goal.check_timeout_seconds
    checks = CheckRunner(
        services.workspace,
        services.editor,
        permit,
        seconds,
        services.redactor,
        lambda command: environment(command, services.workspace),
    )
    return Verifier(scene, checks, judge)


def _open_to(approval: Approval) -> Callable[[Path], bool]:
    """Whose contents a judge may see: no rule is against it, and it is no file for secrets."""
    return lambda path: approval.visible(path) and not is_secret_file(path.name)


def _about_judges(paths: tuple[str, ...], shown: Sequence[Evidence]) -> Question:
    """Whether a run may have edited what judges it."""
    return Question(
        id=uuid4().hex[:12],
        tool="goal",
        summary=f"the goal's checks hold, but the run edited what judges it: {', '.join(paths)}. "
        "Does that count?",
        detail="\n".join(evidence.output_tail for evidence in shown),
        path=paths[0],
    )
