import sys
import unittest

sys.path.append(sys.argv.pop(1))

import math
import random
from functools import total_ordering

from ranges import RangeSet


@total_ordering
class Counted:
    comparisons = 0

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        Counted.comparisons += 1
        return self.value == getattr(other, "value", other)

    def __lt__(self, other):
        Counted.comparisons += 1
        return self.value < getattr(other, "value", other)

    def __hash__(self):
        return hash(self.value)

    def __add__(self, more):
        return Counted(self.value + more)

    def __index__(self):
        return self.value


class Ranges(unittest.TestCase):
    def test_it_is_a_set(self):
        chance = random.Random(7)
        for _ in range(60):
            found, model = RangeSet(), set()
            for _ in range(40):
                start = chance.randrange(40)
                end = start + chance.randrange(-2, 9)
                numbers = set(range(start, end))
                if chance.random() < 0.6:
                    found.add(start, end)
                    model |= numbers
                else:
                    found.remove(start, end)
                    model -= numbers
                ranges = found.ranges()
                self.assertEqual({n for low, high in ranges for n in range(low, high)}, model)
                for (_, high), (low, _) in zip(ranges, ranges[1:]):
                    self.assertLess(high, low)
                at = chance.randrange(50)
                self.assertEqual(at in found, at in model)
                self.assertEqual(found.covers(start, end), numbers <= model)
                gap = next(n for n in range(at, 99) if n not in model)
                self.assertEqual(found.gap_after(at), gap)

    def calls(self, n):
        found = RangeSet()
        for number in range(n):
            found.add(Counted(10 * number), Counted(10 * number + 5))
        middle = 10 * (n // 2)
        return found, [
            (lambda: found.add(Counted(middle + 6), Counted(middle + 8)), 0),
            (lambda: Counted(middle + 3) in found, 0),
            (lambda: found.covers(Counted(middle + 1), Counted(middle + 4)), 0),
            (lambda: found.gap_after(Counted(middle + 2)), 0),
            (lambda: found.remove(Counted(middle + 1), Counted(middle + 2)), 1),
            (lambda: found.add(Counted(20), Counted(65)), 6),
            (lambda: found.remove(Counted(70), Counted(125)), 6),
            (lambda: found.add(Counted(-5), Counted(-2)), 0),
        ]

    def test_calls_compare_little(self):
        for n in (16, 256, 4096):
            _, calls = self.calls(n)
            for number, (call, changed) in enumerate(calls):
                Counted.comparisons = 0
                call()
                allowed = 4 * math.log2(n + 2) + 12 + 4 * changed
                self.assertLessEqual(Counted.comparisons, allowed, (n, number))


unittest.main()
