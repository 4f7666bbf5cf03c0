"""The model of one run: the worker's, or Max Mode around it."""

from __future__ import annotations

from functools import partial
from itertools import takewhile

from lsp_server.agent import budget
from lsp_server.assemble.grammars import broken_places
from lsp_server.assemble.judge_model import JudgeModel
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.errors import BudgetExceeded
from lsp_server.domain.messages import Usage
from lsp_server.domain.plans import outline
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Sampling as TaskSampling
from lsp_server.max_mode.candidate_judge import CandidateJudge, StepContext
from lsp_server.max_mode.dry_runner import DryRunner, changed_files
from lsp_server.max_mode.max_mode import MaxMode, MaxModeContext
from lsp_server.max_mode.propose_only import ProposeOnly
from lsp_server.max_mode.sampler import EndpointStats
from lsp_server.max_mode.toggled_model import ToggledModel
from lsp_server.models.priced import PricedModel
from lsp_server.session.run_context import RunContext
from lsp_server.settings.sections import MaxModeSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.dry_run import ToolDryRun
from lsp_server.tools.toolbox import Toolbox

FAILED_COMMAND = ("killed by", *(f"exit status {digit}" for digit in range(1, 10)))
"""How the result of a command begins that did not succeed."""


class ModelChain:
    """Makes models for runs. `habits` keep what was learned of each endpoint, by its name."""

    def __init__(
        self,
        services: WorkspaceServices,
        judges: JudgeModel,
        endpoint_stats: dict[str, EndpointStats],
    ) -> None:
        self._services = services
        self._judges = judges
        self._endpoint_stats = endpoint_stats

    async def model(self, run_context: RunContext, toolbox: Toolbox, approval: Approval) -> Model:
        """In Max Mode if the task or the settings want it. Raises ConfigurationError, ModelError."""
        worker = await self.worker(run_context)

        async def several(wished: TaskSampling) -> MaxMode:
            wanted = _wanted(wished, run_context.settings.max_mode)
            return await self._max_mode(run_context, wanted, worker, toolbox, approval)

        async def as_wished(wished: TaskSampling) -> Model:
            return await several(wished) if wished.max_mode else worker

        if run_context.sampling.propose:
            compared = await several(run_context.sampling)
            still = partial(changed_files, self._services.editor)
            chosen = run_context.event_log.state.accepted
            return ProposeOnly(worker, compared, toolbox.read_only, still, chosen)
        return ToggledModel(lambda: run_context.sampling, as_wished)

    async def worker(self, run_context: RunContext) -> PricedModel:
        """The model that answers once. Raises ConfigurationError, ModelError."""
        return PricedModel(await self._services.worker.model(), run_context.settings.model.prices)

    async def _max_mode(
        self,
        run_context: RunContext,
        wanted: MaxModeSettings,
        worker: PricedModel,
        toolbox: Toolbox,
        approval: Approval,
    ) -> MaxMode:
        emit = run_context.event_log.emit
        judging = await self._judges.find(run_context.settings, emit)
        judge = CandidateJudge(
            judging,
            emit,
            temperature=wanted.judge_temperature,
            context=wanted.judge_context,
            is_worker=judging.model is worker.model,
            prices=judging.prices,
        )
        dry_run_tools = ToolDryRun(self._services.workspace, toolbox, approval)
        evidence = DryRunner(
            dry_run_tools,
            self._services.editor,
            lambda: self._refutes_done(run_context),
            grammars=broken_places,
        )
        max_mode_context = MaxModeContext(
            step_context=lambda: _step_context(run_context),
            has_room=lambda more, usd: _has_room(run_context, more, usd),
            emit=emit,
            prices=worker.prices,
        )
        endpoint_stats = self._endpoint_stats.setdefault(
            self._services.worker.description or "", EndpointStats()
        )
        return MaxMode(worker, judge, evidence, wanted, endpoint_stats, max_mode_context)

    async def _refutes_done(self, run_context: RunContext) -> str:
        """What the last check of the goal found missing, if nothing changed since."""
        report = run_context.event_log.state.report
        if (
            report is None
            or report.met
            or report.tree != await self._services.checkpoints.tree.hash()
        ):
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


def _step_context(run_context: RunContext) -> StepContext:
    """Where the run stands. A step that failed, or a word from outside, is not healthy."""
    state, messages = run_context.event_log.state, run_context.event_log.context.messages[2:]
    since = list(takewhile(lambda message: message.role != "assistant", reversed(messages)))
    failed = any(mistake.step == state.step - 1 for mistake in state.mistakes)
    failed |= any(message.text.startswith(FAILED_COMMAND) for message in since)
    told = any(message.role == "user" for message in since)
    plan = "\n".join(outline(state.plan))
    return StepContext(plan, healthy=not failed and not told)


def _has_room(run_context: RunContext, more: Usage, cost_usd: float) -> bool:
    """Whether the run's budget bears so much more."""
    state = run_context.event_log.state
    try:
        budget.check(
            run_context.budget,
            steps=0,
            billed=state.billed + more,
            cost_usd=state.cost_usd + cost_usd,
            seconds=0.0,
        )
    except BudgetExceeded:
        return False
    return True
