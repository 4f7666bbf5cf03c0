"""This module finds the models of the roles beside the worker: the one that judges, and the cheap one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.domain.errors import ModelError
from lsp_server.domain.events import Emit, Warned
from lsp_server.domain.messages import (
    Listener,
    ModelRole,
    Prices,
    Request,
    Response,
    ignore_deltas,
)
from lsp_server.domain.ports import Model
from lsp_server.models.image_loading import AddImages, no_images
from lsp_server.models.provider import ModelProvider
from lsp_server.models.wrappers import PricedModel
from lsp_server.settings.sections import ModelSettings, RoleSettings, Settings

CHEAP_SECONDS_MAX = 60.0
"""How long the cheap model may take before the worker's is asked in its place."""


@dataclass(frozen=True, slots=True)
class Playing:
    """A `Playing` is the model that plays a role, and whether it is the worker's own.

    `is_worker` says so: then the endpoint has the worker's prompt in its cache.
    """

    model: PricedModel
    is_worker: bool


class RoleModels:
    """The `RoleModels` find the model of a role when it is first asked for.

    `worker` finds the worker's model, `chain` wraps an endpoint's wire as
    `model_chain.answering_model` does. They have connections of their own: `close` them.
    """

    def __init__(
        self,
        worker: ModelProvider,
        chain: Callable[[Model, Prices, AddImages, ModelRole], PricedModel],
    ) -> None:
        self._worker = worker
        self._chain = chain
        self._own: dict[ModelRole, ModelProvider] = {}

    async def judge(
        self, settings: Settings, emit: Emit, add_images: AddImages = no_images
    ) -> Playing:
        """Returns the judge's model, as the settings name it; it is shown what `add_images` adds.

        One that does not answer costs a Warned, and the worker's model judges in its place.
        Raises ConfigurationError when what names the judge is wrong, which is for a person to
        correct, and ModelError when there is no worker's model either.
        """
        return await self._find("judge", settings.judge, settings.model, emit, add_images)

    async def cheap(
        self, settings: Settings, emit: Emit, add_images: AddImages = no_images
    ) -> Playing:
        """Returns the cheap model in the same way; the worker's own unless settings name another."""
        return await self._find("cheap", settings.cheap, settings.model, emit, add_images)

    @property
    def api_keys(self) -> tuple[str, ...]:
        """Returns the keys of all roles, as far as they are known; to keep them out of all records."""
        providers = (self._worker, *self._own.values())
        return tuple(key for one in providers if (key := one.api_key))

    async def close(self) -> None:
        """Closes the connections to models of their own."""
        for provider in self._own.values():
            await provider.close()

    async def _find(
        self,
        role: ModelRole,
        section: RoleSettings,
        worker: ModelSettings,
        emit: Emit,
        add_images: AddImages,
    ) -> Playing:
        wanted = section.over(worker, role)
        if wanted != worker:
            if role not in self._own:
                self._own[role] = ModelProvider(wanted)
            own = self._own[role]
            own.reconfigure(wanted)
            try:
                wire = await own.wire()
                return Playing(self._chain(wire, wanted.prices, add_images, role), False)
            except ModelError as error:
                emit(Warned(f"the worker's model is the {role} instead of {role}.*: {error}"))
        wire = await self._worker.wire()
        return Playing(self._chain(wire, worker.prices, add_images, role), True)


class SecondChoice:
    """A `SecondChoice` is a Model that asks another one where its own gives no answer in time."""

    def __init__(
        self,
        first: Model,
        second: Model,
        emit: Emit,
        *,
        seconds_max: float = CHEAP_SECONDS_MAX,
    ) -> None:
        self._first = first
        self._second = second
        self._emit = emit
        self._seconds_max = seconds_max

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns an answer of the first that has one. Raises ModelError of the second."""
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._first.respond(request, listen)
        except (ModelError, TimeoutError) as error:
            why = str(error) or f"it took longer than {self._seconds_max:g} s"
            self._emit(Warned(f"the worker's model is asked in the place of cheap.*: {why}"))
        return await self._second.respond(request, listen)
