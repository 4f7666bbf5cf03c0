import sys
import unittest

sys.path.append(sys.argv.pop(1))

from fractions import Fraction
from math import floor

from billing import money
from billing.invoice import Line, total
from billing.report import render


def half_up(value):
    return floor(value + Fraction(1, 2))


class Billing(unittest.TestCase):
    def test_amounts_are_cents(self):
        for text, cents in (("19.99", 1999), ("5", 500), ("0.1", 10), ("1.15", 115)):
            self.assertEqual(money.parse(text), cents)
            self.assertIsInstance(money.parse(text), int)

    def test_what_is_no_amount_is_refused(self):
        for text in ("1.999", "1e3", "nan", "", "1,50", "1.", "inf"):
            with self.assertRaises(ValueError):
                money.parse(text)

    def test_totals_are_exact(self):
        for quantity in (1, 3, 7):
            for price in ("0.05", "1.15", "2.35", "19.99"):
                for discount in (0, 15, 33):
                    for tax in (0, 7, 19):
                        lines = [Line("a", quantity, price, discount), Line("b", 3, "0.10")]
                        cents = quantity * int(price.replace(".", ""))
                        net = half_up(Fraction(cents * (100 - discount), 100)) + 30
                        wanted = net + half_up(Fraction(net * tax, 100))
                        self.assertEqual(total(lines, tax), wanted)

    def test_amounts_are_shown_with_two_decimals(self):
        text = render([Line("pen", 2, "0.10"), Line("desk", 1, "1234.5")], 0)
        self.assertEqual(text.splitlines(), ["pen: 0.20", "desk: 1234.50", "total: 1234.70"])


unittest.main()
