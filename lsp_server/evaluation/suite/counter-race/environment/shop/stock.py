"""How much of each article is in stock."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[str, int], None]


class Stock:
    def __init__(self, amounts: dict[str, int]) -> None:
        self._amounts = dict(amounts)
        self._listeners: list[Listener] = []

    def pause(self) -> None:
        """Is called between reading and writing an amount."""

    def on_change(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def amount(self, article: str) -> int:
        return self._amounts.get(article, 0)

    def reserve(self, article: str, amount: int) -> bool:
        now = self.amount(article)
        self.pause()
        if now < amount:
            return False
        self._set(article, now - amount)
        return True

    def move(self, source: str, target: str, amount: int) -> bool:
        if not self.reserve(source, amount):
            return False
        now = self.amount(target)
        self.pause()
        self._set(target, now + amount)
        return True

    def total(self) -> int:
        return sum(self.amount(article) for article in self._amounts)

    def _set(self, article: str, amount: int) -> None:
        self._amounts[article] = amount
        for listener in self._listeners:
            listener(article, amount)
