"""This module finds the model that judges: the worker's, unless settings name another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.domain.errors import ModelError
from lsp_server.domain.events import Emit, Warned
from lsp_server.domain.messages import Prices
from lsp_server.domain.ports import Model
from lsp_server.models.image_loading import AddImages, no_images
from lsp_server.models.provider import ModelProvider
from lsp_server.models.wrappers import PricedModel
from lsp_server.settings.sections import Settings


@dataclass(frozen=True, slots=True)
class Judging:
    """A `Judging` is the model that judges, and whether it is the worker's own.

    `is_worker` says so: then the endpoint has the worker's prompt in its cache.
    """

    model: PricedModel
    is_worker: bool


class JudgeModel:
    """A `JudgeModel` finds the model that judges when it is first asked for.

    `worker` finds the worker's model, `chain` wraps an endpoint's wire as
    `model_chain.answering_model` does. It has connections of its own: `close` it.
    """

    def __init__(
        self, worker: ModelProvider, chain: Callable[[Model, Prices, AddImages], PricedModel]
    ) -> None:
        self._worker = worker
        self._chain = chain
        self._own: ModelProvider | None = None

    async def find(
        self, settings: Settings, emit: Emit, add_images: AddImages = no_images
    ) -> Judging:
        """Returns the judge's model, as the settings name it; it is shown what `add_images` adds.

        One that does not answer costs a Warned, and the worker's model judges in its place.
        Raises ConfigurationError when what names the judge is wrong, which is for a person to
        correct, and ModelError when there is no worker's model either.
        """
        wanted = settings.judge.over(settings.model)
        if wanted != settings.model:
            if self._own is None:
                self._own = ModelProvider(wanted)
            self._own.reconfigure(wanted)
            try:
                wire = await self._own.wire()
                return Judging(self._chain(wire, wanted.prices, add_images), False)
            except ModelError as error:
                emit(Warned(f"the worker's model judges instead of judge.*: {error}"))
        wire = await self._worker.wire()
        return Judging(self._chain(wire, settings.model.prices, add_images), True)

    async def close(self) -> None:
        """Closes the connections to a judge of its own."""
        if self._own is not None:
            await self._own.close()
