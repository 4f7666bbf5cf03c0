"""Max Mode on and off while a run runs: each step is asked as a person wishes by then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lsp_server.domain.messages import Listener, Request, Response, ignore_deltas
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Sampling


class ToggledModel:
    """A Model that is made anew when the wish changes; a step under way ends as it began."""

    def __init__(
        self, wished: Callable[[], Sampling], make: Callable[[Sampling], Awaitable[Model]]
    ) -> None:
        self._wished = wished
        self._make = make
        self._made: tuple[Sampling, Model] | None = None

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """The answer of the model that is wished for. Raises what making it raises, too."""
        wished = self._wished()
        if self._made is None or self._made[0] != wished:
            self._made = wished, await self._make(wished)
        return await self._made[1].respond(request, listen)
