import sys
import unittest

sys.path.append(sys.argv.pop(1))

import time
from datetime import date, timedelta

from office import calendar
from office.plan import deliveries

EASTER = {1954: (4, 18), 1981: (4, 19), 2000: (4, 23), 2008: (3, 23), 2011: (4, 24), 2024: (3, 31), 2025: (4, 20), 2038: (4, 25), 2049: (4, 18)}


class Office(unittest.TestCase):
    def test_holidays(self):
        for year, (month, day) in EASTER.items():
            sunday = date(year, month, day)
            found = calendar.holidays(year)
            self.assertEqual(found, sorted(found))
            self.assertEqual(len(found), 7)
            self.assertIn(sunday - timedelta(days=2), found)
            self.assertIn(sunday + timedelta(days=1), found)

    def test_working_days_are_added(self):
        rows = [
            (date(2024, 3, 28), 1, date(2024, 4, 2)),
            (date(2024, 3, 28), 0, date(2024, 3, 28)),
            (date(2024, 3, 30), 0, date(2024, 4, 2)),
            (date(2024, 3, 30), 1, date(2024, 4, 3)),
            (date(2024, 3, 30), -1, date(2024, 3, 28)),
            (date(2024, 4, 2), -1, date(2024, 3, 28)),
            (date(2024, 12, 24), 1, date(2024, 12, 27)),
            (date(2023, 12, 29), 1, date(2024, 1, 2)),
            (date(2024, 1, 2), -2, date(2023, 12, 28)),
            (date(2024, 6, 14), 5, date(2024, 6, 21)),
        ]
        for start, count, wanted in rows:
            self.assertEqual(calendar.add_working_days(start, count), wanted, (start, count))

    def test_they_are_counted(self):
        between = calendar.working_days_between
        self.assertEqual(between(date(2024, 3, 28), date(2024, 4, 3)), 2)
        self.assertEqual(between(date(2024, 4, 3), date(2024, 3, 28)), -2)
        self.assertEqual(between(date(2024, 3, 30), date(2024, 4, 2)), 0)
        start = date(2024, 1, 2)
        for count in range(0, 300, 7):
            self.assertEqual(between(start, calendar.add_working_days(start, count)), count)

    def test_it_is_quick(self):
        began = time.process_time()
        end = calendar.add_working_days(date(2000, 1, 3), 100_000)
        self.assertLess(time.process_time() - began, 5)
        self.assertEqual(calendar.working_days_between(date(2000, 1, 3), end), 100_000)

    def test_deliveries(self):
        self.assertEqual(
            deliveries(date(2024, 1, 31), 1, 5),
            [date(2024, 1, 31), date(2024, 2, 29), date(2024, 4, 2), date(2024, 4, 30), date(2024, 5, 31)],
        )
        self.assertEqual(
            deliveries(date(2023, 12, 30), 6, 4),
            [date(2024, 1, 2), date(2024, 7, 1), date(2024, 12, 30), date(2025, 6, 30)],
        )
        self.assertEqual(deliveries(date(2024, 2, 29), 12, 3), [date(2024, 2, 29), date(2025, 2, 28), date(2026, 3, 2)])
        self.assertEqual(deliveries(date(2024, 1, 2), 1, 0), [])


unittest.main()
