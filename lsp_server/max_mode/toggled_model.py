"""This module turns Max Mode on and off while a run is at work, from one step to the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lsp_server.domain.messages import Listener, Request, Response, ignore_deltas
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Sampling


class ToggledModel:
    """A `ToggledModel` is a Model that asks `plain`, or Max Mode while a person wishes it.

    `wished` returns the wish, and is called once for each request, so that a step that is
    under way ends as it began. `max_mode` makes the Model of Max Mode, again whenever the
    wish changes.

    Example::

        model = ToggledModel(lambda: run.sampling, worker, make_max_mode)
    """

    def __init__(
        self,
        wished: Callable[[], Sampling],
        plain: Model,
        max_mode: Callable[[Sampling], Awaitable[Model]],
    ) -> None:
        self._wished = wished
        self._plain = plain
        self._max_mode = max_mode
        self._made: tuple[Sampling, Model] | None = None

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns the answer of the model that is wished for.

        Raises ModelError, and what `max_mode` raises.
        """
        wished = self._wished()
        if not wished.max_mode:
            return await self._plain.respond(request, listen)
        # It knows how the last step went, so it is kept for as long as the wish is the same.
        if self._made is None or self._made[0] != wished:
            self._made = wished, await self._max_mode(wished)
        return await self._made[1].respond(request, listen)
