"""A set of whole numbers, as ranges that neither touch nor overlap, in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class RangeSet:
    def __init__(self):
        self._starts = []
        self._ends = []

    def ranges(self):
        return list(zip(self._starts, self._ends))

    def add(self, start, end):
        if not start < end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def remove(self, start, end):
        if not start < end:
            return
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        if first >= last:
            return
        low, high = self._starts[first], self._ends[last - 1]
        left = [(low, start)] if low < start else []
        left += [(end, high)] if end < high else []
        self._starts[first:last] = [one for one, _ in left]
        self._ends[first:last] = [one for _, one in left]

    def __contains__(self, number):
        at = bisect_right(self._starts, number)
        return at > 0 and number < self._ends[at - 1]

    def covers(self, start, end):
        if not start < end:
            return True
        at = bisect_right(self._starts, start)
        return at > 0 and end <= self._ends[at - 1]

    def gap_after(self, number):
        at = bisect_right(self._starts, number)
        return self._ends[at - 1] if at > 0 and number < self._ends[at - 1] else number
