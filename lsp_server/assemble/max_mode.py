"""This module puts Max Mode together for a run that wishes for it."""

from __future__ import annotations

from functools import partial

from lsp_server.assemble.role_models import Playing
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.tasks import Sampling
from lsp_server.max_mode.candidate_judge import CandidateJudge
from lsp_server.max_mode.dry_runner import DryRunner, changed_files
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.max_mode import MaxMode, settings_for
from lsp_server.max_mode.propose_only import ProposeOnly
from lsp_server.memory.syntax import broken_places
from lsp_server.models.wrappers import PricedModel
from lsp_server.session.max_mode_view import max_mode_context, refutes_done
from lsp_server.session.run_context import RunContext
from lsp_server.tools.dry_run import ToolDryRun
from lsp_server.tools.toolbox import Toolbox


def make_max_mode(
    services: WorkspaceServices,
    endpoint_stats: dict[str, EndpointStats],
    run: RunContext,
    wished: Sampling,
    worker: PricedModel,
    judging: Playing,
    toolbox: Toolbox,
) -> MaxMode:
    """Makes the Model that samples each step of a run as wished.

    `endpoint_stats` keep what was learned of each endpoint, by its name, and outlive the run.
    """
    settings = settings_for(wished, run.settings.max_mode)
    judge = CandidateJudge(
        judging.model,
        run.event_log.emit,
        temperature=settings.judge_temperature,
        context=settings.judge_context,
        is_worker=judging.is_worker,
        prices=judging.model.prices,
    )
    dry_runner = DryRunner(
        ToolDryRun(services.workspace, toolbox),
        services.editor,
        partial(refutes_done, run, services.checkpoints.tree.hash),
        grammars=lambda path, text: broken_places(path.name, text),
    )
    stats = endpoint_stats.setdefault(services.provider.description or "", EndpointStats())
    return MaxMode(worker, judge, dry_runner, settings, stats, max_mode_context(run, worker.prices))


def propose_only(
    services: WorkspaceServices,
    run: RunContext,
    worker: PricedModel,
    max_mode: MaxMode,
    toolbox: Toolbox,
) -> ProposeOnly:
    """Makes the Model of a run that only proposes: it looks around, and samples its first change."""
    return ProposeOnly(
        worker,
        max_mode,
        toolbox.only_looks,
        partial(changed_files, services.editor),
        run.event_log.state.max_mode.accepted,
    )
