"""Where a text stands in another, whichever way its lines end."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator


def occurrences(text: str, sought: str) -> Iterator[tuple[int, int]]:
    """Start and end of each place in `text`, none within another, in linear time.

    A line of either may end with a line feed or with a carriage return before it.
    """
    plain, wanted = text.replace("\r\n", "\n"), sought.replace("\r\n", "\n")
    # Where a carriage return was left out, counted in what is left.
    shortened = [found.start() - n for n, found in enumerate(re.finditer("\r\n", text))]
    at = plain.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        yield at + bisect_left(shortened, at), end + bisect_left(shortened, end)
        at = plain.find(wanted, end)
