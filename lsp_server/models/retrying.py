"""This module is the one retry layer: a Model that asks its Model again after it was unavailable."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from lsp_server.domain.errors import ModelUnavailable
from lsp_server.domain.messages import Listener, Request, Response, Waiting, ignore_deltas
from lsp_server.domain.ports import Model

WALL_SECONDS_MAX = 6 * 3600.0
"""An unattended run outlives a provider's bad night."""
FIRST_WAIT_SECONDS = 1.0
WAIT_SECONDS_MAX = 60.0
RETRY_AFTER_SECONDS_MAX = 15 * 60.0
"""The longest wait that an endpoint may ask for; after it the endpoint is asked again anyway."""
JITTER = 0.5
"""The largest share that is taken off a wait by chance, so that clients do not return together."""


class Retrying:
    """A `Retrying` is a Model that waits and asks again, for hours if need be, on ModelUnavailable alone.

    `listen` is called with each wait before it begins, which voids what was
    streamed. An endpoint's Retry-After is never shortened by chance. When the next
    wait would end after `wall_seconds_max`, or after the patience that the error deserves,
    it is raised.

    >>> from lsp_server.domain.messages import Usage
    >>> class Busy:
    ...     answers = [ModelUnavailable("busy"), Response((), Usage(), Usage())]
    ...     async def respond(self, request, listen=ignore_deltas):
    ...         answer = self.answers.pop(0)
    ...         if isinstance(answer, Exception):
    ...             raise answer
    ...         return answer
    >>> model = Retrying(Busy(), sleep=lambda seconds: asyncio.sleep(0))
    >>> asyncio.run(model.respond(Request(()))).choices
    ()
    """

    def __init__(
        self,
        model: Model,
        *,
        wall_seconds_max: float = WALL_SECONDS_MAX,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._model = model
        self._wall_seconds_max = wall_seconds_max
        self._sleep = sleep
        self._clock = clock
        self._chance = chance

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns its Model's answer. Raises ModelError."""
        started = self._clock()
        attempt = 0
        while True:
            try:
                return await self._model.respond(request, listen)
            except ModelUnavailable as error:
                attempt += 1
                delay = self._delay_seconds(attempt, error.retry_after_seconds)
                patience = error.patience_seconds
                if patience is None:
                    patience = self._wall_seconds_max
                if self._clock() + delay > started + min(patience, self._wall_seconds_max):
                    raise
                listen(Waiting(str(error), attempt, delay))
            await self._sleep(delay)

    def _delay_seconds(self, attempt: int, retry_after_seconds: float | None) -> float:
        # Powers past the cap are not worth computing.
        backoff = min(WAIT_SECONDS_MAX, FIRST_WAIT_SECONDS * 2.0 ** min(attempt - 1, 16))
        backoff *= 1 - JITTER * self._chance()
        asked = min(retry_after_seconds or 0.0, RETRY_AFTER_SECONDS_MAX)
        return max(backoff, asked)
