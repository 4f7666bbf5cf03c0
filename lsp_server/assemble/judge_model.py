"""This module finds the model that judges: the worker's, unless settings name another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Emit, Warned
from lsp_server.domain.messages import Prices
from lsp_server.domain.ports import Model
from lsp_server.models.provider import ModelProvider
from lsp_server.models.wrappers import PricedModel
from lsp_server.settings.sections import Settings


@dataclass(frozen=True, slots=True)
class Judging:
    """The model that judges; `is_worker` says that it is the worker's, at the same endpoint."""

    model: PricedModel
    is_worker: bool


class JudgeModel:
    """Finds the judge's model when it is first asked for; `close` it.

    `chain` wraps an endpoint's wire as `model_chain.answering_model` does.
    """

    def __init__(
        self, worker: ModelProvider, chain: Callable[[Model, Prices], PricedModel]
    ) -> None:
        self._worker = worker
        self._chain = chain
        self._own: ModelProvider | None = None

    async def find(self, settings: Settings, emit: Emit) -> Judging:
        """The judge's model. One that cannot be found is a warning, and the worker's judges."""
        wanted = settings.judge.over(settings.model)
        if wanted != settings.model:
            if self._own is None:
                self._own = ModelProvider(wanted)
            self._own.reconfigure(wanted)
            try:
                return Judging(self._chain(await self._own.wire(), wanted.prices), False)
            except HoldfastError as error:
                emit(Warned(f"the worker's model judges instead of judge.*: {error}"))
        return Judging(self._chain(await self._worker.wire(), settings.model.prices), True)

    async def close(self) -> None:
        """Closes the connections to a judge of its own."""
        if self._own is not None:
            await self._own.close()
