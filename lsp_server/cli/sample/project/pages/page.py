"""One page of a list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """Items `first` to `last` of `total`, both counted from 1, as a reader sees them."""

    number: int
    items: tuple
    first: int
    last: int
    total: int

    def label(self):
        """The line under a table, as in `11-20 of 25`."""
        return f"{self.first}-{self.last} of {self.total}"
