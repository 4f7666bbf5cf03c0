import unittest

from pages import Paginator


class PaginatorTest(unittest.TestCase):
    def test_full_pages(self):
        self.assertEqual(Paginator(range(30)).count, 3)
        self.assertEqual(Paginator(range(30)).page(2).label(), "11-20 of 30")

    def test_the_last_page_may_be_short(self):
        pages = Paginator(range(25))
        self.assertEqual(pages.count, 3)
        self.assertEqual(pages.page(3).items, (20, 21, 22, 23, 24))

    def test_the_label_of_a_short_page(self):
        self.assertEqual(Paginator(range(25)).page(3).label(), "21-25 of 25")

    def test_no_items_no_pages(self):
        self.assertEqual(Paginator([]).count, 0)
        with self.assertRaises(IndexError):
            Paginator([]).page(1)


if __name__ == "__main__":
    unittest.main()
