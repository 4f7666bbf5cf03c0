"""The model of one run: the worker's, or Max Mode around it."""

from __future__ import annotations

from itertools import takewhile

from lsp_server.agent import budget
from lsp_server.assemble.judges import JudgeModel
from lsp_server.assemble.site import Site
from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.plans import outline
from lsp_server.domain.ports import Model
from lsp_server.max_mode.drawing import Habits
from lsp_server.max_mode.evidence import Evidence
from lsp_server.max_mode.judge import Judge, Situation
from lsp_server.max_mode.max_mode import MaxMode, Surroundings
from lsp_server.max_mode.proposing import Proposing
from lsp_server.session.runs import Launch
from lsp_server.settings import MaxModeSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.rehearsal import ToolRehearsal
from lsp_server.tools.toolbox import Toolbox

FAILED_COMMAND = ("killed by", *(f"exit status {digit}" for digit in range(1, 10)))
"""How the result of a command begins that did not succeed."""


class Sampling:
    """Makes models for runs, and keeps what was learned of each endpoint."""

    def __init__(self, site: Site, judges: JudgeModel) -> None:
        self._site = site
        self._judges = judges
        self._habits: dict[str, Habits] = {}

    async def model(self, launch: Launch, toolbox: Toolbox, approval: Approval) -> Model:
        """In Max Mode if the task or the settings want it. Raises ConfigurationError, ModelError."""
        sampling = launch.task.sampling
        model = await self._site.worker.model()
        if sampling.propose:
            several = await self._max_mode(launch, model, toolbox, approval)
            return Proposing(model, several, toolbox.read_only, launch.record.state.accepted)
        if sampling.max_mode or launch.settings.max_mode.enabled:
            return await self._max_mode(launch, model, toolbox, approval)
        return model

    async def _max_mode(
        self, launch: Launch, model: Model, toolbox: Toolbox, approval: Approval
    ) -> MaxMode:
        wanted, emit = _wanted(launch), launch.record.emit
        judging = await self._judges.find(launch.settings, emit)
        judge = Judge(
            judging,
            emit,
            temperature=wanted.judge_temperature,
            context=wanted.judge_context,
            is_worker=judging is model,
        )
        rehearsal = ToolRehearsal(self._site.workspace, toolbox, approval)
        evidence = Evidence(rehearsal, self._site.editor, lambda: self._refutes_done(launch))
        surroundings = Surroundings(
            situation=lambda: _situation(launch),
            has_room=lambda more: _has_room(launch, more),
            emit=emit,
        )
        habits = self._habits.setdefault(self._site.worker.description or "", Habits())
        return MaxMode(model, judge, evidence, wanted, habits, surroundings)

    async def _refutes_done(self, launch: Launch) -> str:
        """What the last check of the goal found missing, if nothing changed since."""
        report = launch.record.state.report
        if report is None or report.met or report.tree != await self._site.checkpoints.tree.hash():
            return ""
        unmet = [item.condition.text for item in report.conditions if item.verdict == "unmet"]
        return f"a check of this very tree found unmet: {'; '.join(unmet)}" if unmet else ""


def _wanted(launch: Launch) -> MaxModeSettings:
    """The settings, with what the task says; a proposal always compares two at least."""
    sampling, wanted = launch.task.sampling, launch.settings.max_mode
    if sampling.samples is not None:
        wanted = wanted.model_copy(update={"samples": sampling.samples})
    if sampling.propose:
        compared = {"strategy": "always", "samples": max(2, wanted.samples)}
        wanted = wanted.model_copy(update=compared)
    return wanted


def _situation(launch: Launch) -> Situation:
    """Where the run stands. A step that failed, or a word from outside, is not healthy."""
    state, messages = launch.record.state, launch.record.context.messages[2:]
    since = list(takewhile(lambda message: message.role != "assistant", reversed(messages)))
    failed = any(error.startswith(f"step {state.step - 1}:") for error in state.errors)
    failed |= any(message.text.startswith(FAILED_COMMAND) for message in since)
    told = any(message.role == "user" for message in since)
    plan = "\n".join(outline(state.plan))
    return Situation(plan, healthy=not failed and not told)


def _has_room(launch: Launch, more: Usage) -> bool:
    """Whether the run's budget bears so much more."""
    state, prices = launch.record.state, launch.settings.model.prices
    try:
        budget.check(
            launch.task.budget,
            steps=0,
            billed=state.billed + more,
            cost_usd=state.cost_usd + prices.cost_usd(more),
            seconds=0.0,
        )
    except BudgetExceeded:
        return False
    return True
