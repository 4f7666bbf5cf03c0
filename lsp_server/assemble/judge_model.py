"""The model that judges: the worker's, unless settings name another."""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Emit, Warned
from lsp_server.models.priced import PricedModel
from lsp_server.models.provider import ModelProvider
from lsp_server.redaction.redactor import Redactor
from lsp_server.settings.sections import Settings


class JudgeModel:
    """Found when it is first asked for; `close` it."""

    def __init__(self, worker: ModelProvider, redactor: Redactor) -> None:
        self._worker = worker
        self._redactor = redactor
        self._own: ModelProvider | None = None

    async def find(self, settings: Settings, emit: Emit) -> PricedModel:
        """The judge's model. One that cannot be found is a warning, and the worker's judges."""
        workers = PricedModel(await self._worker.model(), settings.model.prices)
        wanted = settings.judge.over(settings.model)
        if wanted == settings.model:
            return workers
        if self._own is None:
            self._own = ModelProvider(wanted, redactor=self._redactor)
        self._own.reconfigure(wanted)
        try:
            return PricedModel(await self._own.model(), wanted.prices)
        except HoldfastError as error:
            emit(Warned(f"the worker's model judges instead of judge.*: {error}"))
            return workers

    async def close(self) -> None:
        """Closes the connections to a judge of its own."""
        if self._own is not None:
            await self._own.close()
