"""This module shows the whole chain of Models that answers a run, and makes it.

From the outside in, each a Model holding a Model:

    ToggledModel       Max Mode on or off, from one step to the next
    └── PricedModel        what an answer cost; in an attempt it holds a TemperedModel
        └── RedactingModel     no secret leaves the machine
            └── LegibleModel       nothing that the model reads is hidden from people
                └── ImageLoadingModel  hands over what is in the images of the run
                    └── Retrying           the one retry layer
                        └── CutRepetition      ends an answer that only repeats itself
                            └── HttpModel          the endpoint's wire: ChatCompletions,
                                                   Messages or Responses

With Max Mode, `MaxMode` is between the first two and asks the rest several
times. A run that only proposes has `ProposeOnly` in the place of the first. The
judge's chain and the cheap model's are the same from `PricedModel` down, each of its own endpoint
if it has one (`role_models`).
Redaction is outside of the retries, so that a request is redacted once for all attempts, and
outside of the images, as a redactor sees text only.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lsp_server.assemble.role_models import RoleModels, SecondChoice
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.events import Warned
from lsp_server.domain.messages import ModelRole, Prices
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Sampling
from lsp_server.max_mode.toggled_model import ToggledModel
from lsp_server.models.image_loading import AddImages, ImageLoadingModel, no_images
from lsp_server.models.repetition import CutRepetition
from lsp_server.models.retrying import Retrying
from lsp_server.models.wrappers import LegibleModel, PricedModel, RedactingModel, TemperedModel
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.run_context import RunContext
from lsp_server.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from lsp_server.max_mode.endpoint_stats import EndpointStats
    from lsp_server.max_mode.max_mode import MaxMode

INHERIT = "inherit"
"""What an agent's file says for the model of the run."""


def answering_model(
    wire: Model,
    redactor: Redactor,
    prices: Prices,
    add_images: AddImages = no_images,
    role: ModelRole = "worker",
) -> PricedModel:
    """Makes the part of the chain that every request goes through, in whatever role."""
    shown = LegibleModel(add_images(Retrying(CutRepetition(wire))))
    return PricedModel(RedactingModel(shown, redactor), prices, role)


def images_of(run: RunContext) -> AddImages:
    """Returns what adds the images of a run to the Models that it asks."""

    def say(text: str) -> None:
        run.event_log.emit(Warned(text))

    return partial(ImageLoadingModel, load=run.images.load, say=say)


class ModelChain:
    """A `ModelChain` makes the Models of runs.

    `endpoint_stats` keep what was learned of each endpoint, by its name, and
    outlive the runs.
    """

    def __init__(
        self,
        services: WorkspaceServices,
        roles: RoleModels,
        endpoint_stats: dict[str, EndpointStats],
    ) -> None:
        self._services = services
        self._roles = roles
        self._endpoint_stats = endpoint_stats
        self._said: set[str] = set()
        """What was chosen without a setting is said in the first run."""

    async def worker(self, run: RunContext) -> PricedModel:
        """Makes the Model that answers once. Raises ConfigurationError, ModelError."""
        worker = await self._find_worker(run)
        if run.task.temperature is None:
            return worker
        tempered = TemperedModel(worker.model, run.task.temperature)
        return PricedModel(tempered, worker.prices, worker.role)

    async def _find_worker(self, run: RunContext) -> PricedModel:
        if (wanted := await self._wanted_by_agent(run)) is not None:
            return wanted
        wire = await self._services.provider.wire()
        choice = self._services.provider.choice
        if choice is not None and choice not in self._said:
            self._said.add(choice)
            run.event_log.emit(Warned(choice))
        redactor, prices = self._services.redactor, run.settings.model.prices
        return answering_model(wire, redactor, prices, images_of(run))

    async def _wanted_by_agent(self, run: RunContext) -> PricedModel | None:
        """Makes the Model that the run's custom agent names; None where that is the run's own."""
        agent, settings = run.task.agent, run.settings
        if agent is None or agent.model in ("", INHERIT, settings.model.name):
            return None
        for section, find in (
            (settings.judge, self._roles.judge),
            (settings.cheap, self._roles.cheap),
        ):
            if agent.model == (section.name or settings.model.name):
                return (await find(settings, run.event_log.emit, images_of(run))).model
        run.event_log.emit(
            Warned(
                f"the agent {agent.name} asks for the model {agent.model}, which is none of "
                "model.name, judge.name and cheap.name of the settings; it works with the run's own"
            )
        )
        return None

    async def summarizer(self, run: RunContext, worker: PricedModel) -> Model:
        """Makes the Model that writes briefs. Raises ConfigurationError, ModelError."""
        if not run.settings.context.brief:
            return worker
        cheap = await self._roles.cheap(run.settings, run.event_log.emit, images_of(run))
        if cheap.is_worker:
            return worker
        return SecondChoice(cheap.model, worker, run.event_log.emit)

    async def model(self, run: RunContext, worker: PricedModel, toolbox: Toolbox) -> Model:
        """Makes the whole chain; Max Mode itself is made once it is wished for.

        Raises ConfigurationError, ModelError.
        """

        async def max_mode(wished: Sampling) -> MaxMode:
            return await self._max_mode(run, wished, worker, toolbox)

        if run.sampling.propose:
            from lsp_server.assemble.max_mode import propose_only  # noqa: PLC0415 - few runs do

            chosen = await max_mode(run.sampling)
            return propose_only(self._services, run, worker, chosen, toolbox)
        return ToggledModel(lambda: run.sampling, worker, max_mode)

    async def _max_mode(
        self, run: RunContext, wished: Sampling, worker: PricedModel, toolbox: Toolbox
    ) -> MaxMode:
        # Few runs wish for it, and it loads the parsers, too.
        from lsp_server.assemble.max_mode import make_max_mode  # noqa: PLC0415

        judging = await self._roles.judge(run.settings, run.event_log.emit, images_of(run))
        return make_max_mode(
            self._services, self._endpoint_stats, run, wished, worker, judging, toolbox
        )
