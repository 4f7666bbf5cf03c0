"""The model of one run: the worker's, or Max Mode around it."""

from __future__ import annotations

from functools import partial
from itertools import takewhile

from lsp_server.agent import budget
from lsp_server.assemble.grammars import broken_places
from lsp_server.assemble.judges import JudgeModel
from lsp_server.assemble.site import Site
from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.plans import outline
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Sampling as TaskSampling
from lsp_server.max_mode.drawing import Habits
from lsp_server.max_mode.evidence import Evidence, moved
from lsp_server.max_mode.judge import Judge, Situation
from lsp_server.max_mode.max_mode import MaxMode, Surroundings
from lsp_server.max_mode.proposing import Proposing
from lsp_server.max_mode.switch import Switch
from lsp_server.models.priced import Priced
from lsp_server.session.launch import Launch
from lsp_server.settings.sections import MaxModeSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.rehearsal import ToolRehearsal
from lsp_server.tools.toolbox import Toolbox

FAILED_COMMAND = ("killed by", *(f"exit status {digit}" for digit in range(1, 10)))
"""How the result of a command begins that did not succeed."""


class Sampling:
    """Makes models for runs. `habits` keep what was learned of each endpoint, by its name."""

    def __init__(self, site: Site, judges: JudgeModel, habits: dict[str, Habits]) -> None:
        self._site = site
        self._judges = judges
        self._habits = habits

    async def model(self, launch: Launch, toolbox: Toolbox, approval: Approval) -> Model:
        """In Max Mode if the task or the settings want it. Raises ConfigurationError, ModelError."""
        worker = await self.worker(launch)

        async def several(wished: TaskSampling) -> MaxMode:
            wanted = _wanted(wished, launch.settings.max_mode)
            return await self._max_mode(launch, wanted, worker, toolbox, approval)

        async def as_wished(wished: TaskSampling) -> Model:
            return await several(wished) if wished.max_mode else worker

        if launch.sampling.propose:
            compared = await several(launch.sampling)
            still = partial(moved, self._site.editor)
            chosen = launch.record.state.accepted
            return Proposing(worker, compared, toolbox.read_only, still, chosen)
        return Switch(lambda: launch.sampling, as_wished)

    async def worker(self, launch: Launch) -> Priced:
        """The model that answers once. Raises ConfigurationError, ModelError."""
        return Priced(await self._site.worker.model(), launch.settings.model.prices)

    async def _max_mode(
        self,
        launch: Launch,
        wanted: MaxModeSettings,
        worker: Priced,
        toolbox: Toolbox,
        approval: Approval,
    ) -> MaxMode:
        emit = launch.record.emit
        judging = await self._judges.find(launch.settings, emit)
        judge = Judge(
            judging,
            emit,
            temperature=wanted.judge_temperature,
            context=wanted.judge_context,
            is_worker=judging.model is worker.model,
            prices=judging.prices,
        )
        rehearsal = ToolRehearsal(self._site.workspace, toolbox, approval)
        evidence = Evidence(
            rehearsal,
            self._site.editor,
            lambda: self._refutes_done(launch),
            grammars=broken_places,
        )
        surroundings = Surroundings(
            situation=lambda: _situation(launch),
            has_room=lambda more, usd: _has_room(launch, more, usd),
            emit=emit,
            prices=worker.prices,
        )
        habits = self._habits.setdefault(self._site.worker.description or "", Habits())
        return MaxMode(worker, judge, evidence, wanted, habits, surroundings)

    async def _refutes_done(self, launch: Launch) -> str:
        """What the last check of the goal found missing, if nothing changed since."""
        report = launch.record.state.report
        if report is None or report.met or report.tree != await self._site.checkpoints.tree.hash():
            return ""
        unmet = [item.condition.text for item in report.conditions if item.verdict == "unmet"]
        return f"a check of this very tree found unmet: {'; '.join(unmet)}" if unmet else ""


def _wanted(wished: TaskSampling, wanted: MaxModeSettings) -> MaxModeSettings:
    """The settings, with what a person wishes; a proposal always compares two at least."""
    if wished.samples is not None:
        wanted = wanted.model_copy(update={"samples": wished.samples})
    if wished.propose:
        compared = {"strategy": "always", "samples": max(2, wanted.samples)}
        wanted = wanted.model_copy(update=compared)
    return wanted


def _situation(launch: Launch) -> Situation:
    """Where the run stands. A step that failed, or a word from outside, is not healthy."""
    state, messages = launch.record.state, launch.record.context.messages[2:]
    since = list(takewhile(lambda message: message.role != "assistant", reversed(messages)))
    failed = any(mistake.step == state.step - 1 for mistake in state.mistakes)
    failed |= any(message.text.startswith(FAILED_COMMAND) for message in since)
    told = any(message.role == "user" for message in since)
    plan = "\n".join(outline(state.plan))
    return Situation(plan, healthy=not failed and not told)


def _has_room(launch: Launch, more: Usage, cost_usd: float) -> bool:
    """Whether the run's budget bears so much more."""
    state = launch.record.state
    try:
        budget.check(
            launch.task.budget,
            steps=0,
            billed=state.billed + more,
            cost_usd=state.cost_usd + cost_usd,
            seconds=0.0,
        )
    except BudgetExceeded:
        return False
    return True
