"""A `Backlog` orders the chunks whose vectors are still to be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from lsp_server.memory.chunk_schema import is_test
from lsp_server.memory.languages import DATA, PROSE
from lsp_server.memory.table_schema import Row


class Backlog:
    """Vector keys in the order of their use: just saved files, source, tests, all the rest.

    >>> backlog = Backlog()
    >>> backlog.add([{"path": "a.md", "language": "markdown", "vector_key": "prose"}])
    >>> backlog.add([{"path": "a.py", "language": "python", "vector_key": "source"}])
    >>> backlog.first(2)
    ['source', 'prose']
    """

    def __init__(self) -> None:
        # Dictionaries without values: sets that keep their order.
        self._lanes: tuple[dict[str, None], ...] = ({}, {}, {}, {})

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    def add(self, rows: Iterable[Row], *, urgent: bool = False) -> None:
        """Adds the keys of rows with `path`, `language` and `vector_key`."""
        for row in rows:
            lane = 0 if urgent else _lane(row["path"], row["language"])
            self._lanes[lane][row["vector_key"]] = None

    def first(self, count: int) -> list[str]:
        """Up to `count` keys, the most useful first; they stay."""
        return list(islice(self._keys(), count))

    def remove(self, keys: Iterable[str]) -> None:
        """Removes keys whose vectors are made."""
        for key in keys:
            for lane in self._lanes:
                lane.pop(key, None)

    def _keys(self) -> Iterator[str]:
        for lane in self._lanes:
            yield from lane


def _lane(path: str, language: str) -> int:
    if language in PROSE or language in DATA:
        return 3
    return 2 if is_test(path) else 1
