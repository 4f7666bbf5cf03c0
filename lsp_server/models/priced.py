"""A Model that says what its answers cost."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.domain.messages import Listener, Prices, Request, Response, ignore_deltas
from lsp_server.domain.ports import Model


class PricedModel:
    """`model` at `prices`; whoever estimates what it would cost finds them here."""

    def __init__(self, model: Model, prices: Prices) -> None:
        self.model = model
        self.prices = prices

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """The answer, with the price of all that was billed for it."""
        response = await self.model.respond(request, listen)
        return replace(response, cost_usd=self.prices.cost_usd(response.billed))
