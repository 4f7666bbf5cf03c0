"""This module finds a text in another, whichever way their lines end."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator


def occurrences(text: str, sought: str) -> Iterator[tuple[int, int]]:
    """Yields start and end of each place in `text`, none within another, in linear time.

    A line of either may end with a line feed, a carriage return or both; never is half of an
    end matched.

    >>> list(occurrences("a\\r\\nb", "a\\nb"))
    [(0, 4)]
    """
    plain, wanted = _with_line_feeds(text), _with_line_feeds(sought)
    # Where a carriage return was left out, counted in what is left.
    shortened = [found.start() - n for n, found in enumerate(re.finditer("\r\n", text))]
    at = plain.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        yield at + bisect_left(shortened, at), end + bisect_left(shortened, end)
        at = plain.find(wanted, end)


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
