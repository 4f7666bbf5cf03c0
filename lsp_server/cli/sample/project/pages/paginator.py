"""From a list and a page size to pages."""

from pages.page import Page


class Paginator:
    """Pages are counted from 1."""

    def __init__(self, items, size=10):
        if size < 1:
            raise ValueError("size must be at least 1")
        self._items = tuple(items)
        self._size = size

    @property
    def count(self):
        """How many pages there are."""
        return len(self._items) // self._size

    def page(self, number):
        """Page `number`. Raises IndexError when there is none."""
        if not 1 <= number <= self.count:
            raise IndexError(f"no page {number} of {self.count}")
        start = (number - 1) * self._size
        items = self._items[start : start + self._size]
        return Page(number, items, start + 1, start + self._size, len(self._items))
