"""A set of whole numbers, as ranges."""

from __future__ import annotations


class RangeSet:
    def __init__(self):
        self._ranges = []

    def ranges(self):
        return sorted(self._ranges)

    def add(self, start, end):
        if start < end:
            self._ranges.append((start, end))

    def remove(self, start, end):
        left = []
        for low, high in self._ranges:
            if high <= start or end <= low:
                left.append((low, high))
                continue
            if low < start:
                left.append((low, start))
            if end < high:
                left.append((end, high))
        self._ranges = left

    def __contains__(self, number):
        return any(low <= number < high for low, high in self._ranges)

    def covers(self, start, end):
        return all(number in self for number in range(start, end))

    def gap_after(self, number):
        while number in self:
            number += 1
        return number
