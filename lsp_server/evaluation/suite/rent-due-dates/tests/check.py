import sys
import unittest

sys.path.append(sys.argv.pop(1))

from datetime import date, timedelta

import rent


class Rent(unittest.TestCase):
    def test_short_months_end_early(self):
        self.assertEqual(rent.due_date(31, 2023, 2), date(2023, 2, 28))
        self.assertEqual(rent.due_date(30, 2024, 2), date(2024, 2, 29))
        self.assertEqual(rent.due_date(31, 2023, 4), date(2023, 4, 30))

    def test_long_months_keep_the_day(self):
        self.assertEqual(rent.due_date(31, 2023, 3), date(2023, 3, 31))
        self.assertEqual(rent.due_date(1, 2023, 2), date(2023, 2, 1))

    def test_every_day_of_two_years_agrees_with_a_walk(self):
        for contract_day in (1, 29, 30, 31):
            for offset in range(730):
                today = walked = date(2023, 6, 1) + timedelta(days=offset)
                while walked != rent.due_date(contract_day, walked.year, walked.month):
                    walked += timedelta(days=1)
                self.assertEqual(rent.days_until_due(contract_day, today), (walked - today).days)


unittest.main()
