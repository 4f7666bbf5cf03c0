import unittest

from cart import total


class Cart(unittest.TestCase):
    def check(self, wanted, items, *more):
        self.assertEqual(total(items, *more), wanted)

    def test_shipping(self):
        self.check(1490, [("a", 1000, 1)])
        self.check(1990, [("a", 1000, 1)], None, "FR")
        self.check(5489, [("a", 4999, 1)])
        self.check(5000, [("a", 5000, 1)])
        self.check(5990, [("a", 5000, 1)], None, "FR")
        self.check(9990, [("a", 9000, 1)], "", "AT")

    def test_quantity(self):
        self.check(9 * 101 + 490, [("a", 101, 9)])
        self.check(1010 - 50 + 490, [("a", 101, 10)])
        self.check(1111 - 55 + 490, [("a", 101, 11)])
        self.check(1010 - 50 + 300 + 490, [("a", 101, 10), ("b", 100, 3)])
        self.check(500 + 500 + 490, [("a", 100, 5), ("a", 100, 5)])

    def test_coupons(self):
        self.check(1009 - 100 + 490, [("a", 1009, 1)], "TENOFF")
        self.check(1009 - 500 + 490, [("a", 1009, 1)], "FIVER")
        self.check(490, [("a", 300, 1)], "FIVER")
        self.check(990, [("a", 300, 1)], "FIVER", "FR")
        self.check(15 - 1 + 490, [("a", 5, 1), ("b", 5, 1), ("c", 5, 1)], "TENOFF")
        self.check(960 - 96 + 490, [("a", 101, 10)], "TENOFF")
        self.check(909 + 490, [("a", 1010, 1)], "  tenoff ")
        self.check(510 + 490, [("a", 1010, 1)], "Fiver")
        for coupon in (None, ""):
            self.check(590, [("a", 100, 1)], coupon)

    def test_shipping_is_free_by_what_the_coupon_leaves(self):
        self.check(4950 + 490, [("a", 5500, 1)], "TENOFF")
        self.check(5000, [("a", 5500, 1)], "FIVER")
        self.check(4999 + 490, [("a", 5499, 1)], "FIVER")

    def test_empty(self):
        self.check(0, [])
        self.check(0, [], "FIVER", "FR")
        self.check(490, [("free", 0, 1)])

    def test_errors(self):
        for items, coupon in (
            ([("a", -1, 1)], None),
            ([("a", 1, 0)], None),
            ([("a", 1, -1)], None),
            ([("b", 1, 1), ("a", 1, 0)], None),
            ([("a", 1, 1)], "FREE"),
            ([], "FREE"),
        ):
            with self.assertRaises(ValueError):
                total(items, coupon)


if __name__ == "__main__":
    unittest.main()
