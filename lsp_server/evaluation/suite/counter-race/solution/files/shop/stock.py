"""How much of each article is in stock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

Listener = Callable[[str, int], None]


class Stock:
    """Amounts behind one lock; listeners hear of changes from a queue, outside of it."""

    def __init__(self, amounts: dict[str, int]) -> None:
        self._amounts = dict(amounts)
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._changes: deque[tuple[str, int]] = deque()
        self._tells = False

    def pause(self) -> None:
        """Is called between reading and writing an amount."""

    def on_change(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = [*self._listeners, listener]

    def amount(self, article: str) -> int:
        with self._lock:
            return self._amounts.get(article, 0)

    def reserve(self, article: str, amount: int) -> bool:
        with self._lock:
            is_done = self._add(article, -amount)
        self._tell()
        return is_done

    def move(self, source: str, target: str, amount: int) -> bool:
        with self._lock:
            is_done = self._add(source, -amount) and self._add(target, amount)
        self._tell()
        return is_done

    def total(self) -> int:
        with self._lock:
            return sum(self._amounts.values())

    def _add(self, article: str, more: int) -> bool:
        now = self._amounts.get(article, 0)
        self.pause()
        if now + more < 0:
            return False
        self._amounts[article] = now + more
        self._changes.append((article, now + more))
        return True

    def _tell(self) -> None:
        """Tells what is in the queue; whoever tells already tells the rest as well."""
        while True:
            with self._lock:
                if self._tells or not self._changes:
                    return
                self._tells = True
                change, listeners = self._changes.popleft(), self._listeners
            try:
                for listener in listeners:
                    listener(*change)
            finally:
                with self._lock:
                    self._tells = False
