"""Who decides whether a goal is met: in a run, and outside of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from lsp_server.agent.arbiter import Arbiter
from lsp_server.assemble.judges import JudgeModel
from lsp_server.assemble.site import Site
from lsp_server.domain.goals import Evidence
from lsp_server.domain.permissions import Question
from lsp_server.domain.ports import Model
from lsp_server.domain.secrets import holds_secrets
from lsp_server.domain.tasks import RunId
from lsp_server.goals.changes import Attempt, of_changes
from lsp_server.goals.checks import Checks
from lsp_server.goals.judge import Judge
from lsp_server.goals.verifier import Scene, Verifier
from lsp_server.session.goals import Goals
from lsp_server.session.goals.permits import Ask
from lsp_server.session.launch import Launch
from lsp_server.settings.sections import Settings
from lsp_server.tools.approval import Approval

GOALS_RUN = RunId("goals")
"""Stands for the run in questions about checks that no run asked for."""

PERSON_WAITS_SECONDS = 60.0
"""How long a judge may take that no run but a person waits for."""


def run_arbiter(
    site: Site, judges: JudgeModel, goals: Goals, launch: Launch, approval: Approval
) -> Arbiter:
    """Decides on the stop attempts of one run."""
    settings, record = launch.settings, launch.record
    ask = site.asking(launch.run_id, record.emit, settings)

    async def judging() -> Model:
        return await judges.find(settings, record.emit)

    async def accept(paths: tuple[str, ...]) -> bool:
        attempt = Attempt({path: record.state.changes[path] for path in paths})
        kept = site.checkpoints.kept
        shown = await asyncio.to_thread(
            lambda: list(of_changes(attempt, site.workspace, kept, "", _open_to(approval)))
        )
        return await ask(_about_judges(paths, shown)) != "deny"

    judge = Judge(judging)
    verifier = _verifier(site, goals, settings, approval, ask, judge)
    return Arbiter(verifier.verify, accept, record.emit, settings.goal.re_entries_max)


def standing_verifier(
    site: Site, judges: JudgeModel, goals: Goals, settings: Settings, *, asks: bool
) -> Verifier:
    """For checks outside of a run; with `asks` a person and the judge are asked."""

    async def judging() -> Model:
        return await judges.find(settings, lambda _: None)

    ask = site.asking(GOALS_RUN, lambda _: goals.on_change(), settings)
    judge = None
    if asks and site.worker.description:
        judge = Judge(judging, seconds_max=PERSON_WAITS_SECONDS)
    approval = Approval(settings.permissions, site.workspace)
    return _verifier(site, goals, settings, approval, ask if asks else None, judge)


def _verifier(
    site: Site,
    goals: Goals,
    settings: Settings,
    approval: Approval,
    ask: Ask | None,
    judge: Judge | None,
) -> Verifier:
    async def permit(command: str) -> str | None:
        return await site.permits.permit(command, settings.permissions, ask)

    scene = Scene(
        workspace=site.workspace,
        contents=site.contents,
        kept=site.checkpoints.kept,
        visible=_open_to(approval),
        waived=goals.board.waived,
        revision=site.revisions.of,
    )
    seconds = settings.goal.check_timeout_seconds
    checks = Checks(site.workspace, site.editor, permit, seconds, site.discretion)
    return Verifier(scene, checks, judge)


def _open_to(approval: Approval) -> Callable[[Path], bool]:
    """Whose contents a judge may see: no rule is against it, and it is no file for secrets."""
    return lambda path: approval.visible(path) and not holds_secrets(path.name)


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
