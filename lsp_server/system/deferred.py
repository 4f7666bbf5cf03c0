"""This module has the `Deferred`, by which a part that is seldom wanted costs nothing before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """A `Deferred` is a part that is made when it is first asked for, with all that it imports.

    >>> part = Deferred(lambda: ["made"])
    >>> part.made is None, part(), part() is part.made
    (True, ['made'], True)
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self.made: T | None = None
        """The part, None while nobody has asked for it."""

    def __call__(self) -> T:
        """Returns the part, the same one each time."""
        if self.made is None:
            self.made = self._make()
        return self.made
