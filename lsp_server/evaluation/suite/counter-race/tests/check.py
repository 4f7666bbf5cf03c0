import sys
import unittest

sys.path.append(sys.argv.pop(1))

import threading
import time

from shop.stock import Stock


class Slow(Stock):
    def pause(self):
        time.sleep(0.001)


def together(*works):
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return not any(thread.is_alive() for thread in threads)


class Race(unittest.TestCase):
    def test_no_more_is_sold_than_there_is(self):
        stock, sold = Slow({"pen": 50}), []

        def sell():
            for _ in range(20):
                if stock.reserve("pen", 1):
                    sold.append(1)

        self.assertTrue(together(*[sell] * 8))
        self.assertEqual((len(sold), stock.amount("pen")), (50, 0))

    def test_what_moves_is_never_lost_and_nobody_waits_for_ever(self):
        stock, sums, done = Slow({"a": 100, "b": 100}), set(), threading.Event()

        def watch():
            while not done.is_set():
                sums.add(stock.total())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        there = lambda: [stock.move("a", "b", 3) for _ in range(60)]
        back = lambda: [stock.move("b", "a", 3) for _ in range(60)]
        self.assertTrue(together(there, back, there, back))
        done.set()
        watcher.join(20)
        self.assertEqual(sums, {200})
        self.assertEqual(stock.total(), 200)

    def test_what_is_not_there_does_not_move(self):
        stock = Stock({"a": 1})
        self.assertFalse(stock.move("a", "new", 2))
        self.assertTrue(stock.move("a", "new", 1))
        self.assertTrue(stock.move("new", "new", 1))
        self.assertEqual([stock.amount(one) for one in ("a", "new")], [0, 1])

    def test_listeners_hear_changes_in_order_and_may_call_back(self):
        stock, heard = Slow({"pen": 100, "ink": 1000}), []

        def listen(article, amount):
            if article == "pen":
                heard.append(amount)
                stock.amount("pen")
                stock.reserve("ink", 1)

        stock.on_change(listen)
        sell = lambda: [stock.reserve("pen", 1) for _ in range(25)]
        self.assertTrue(together(sell, sell, sell, sell))
        deadline = time.time() + 10
        while len(heard) < 100 and time.time() < deadline:
            time.sleep(0.01)
        self.assertEqual(heard, list(range(99, -1, -1)))
        self.assertEqual(stock.amount("ink"), 900)

    def test_it_still_pauses_between_reading_and_writing(self):
        seen = []

        class Seen(Stock):
            def pause(self):
                seen.append(dict(self._amounts))

        stock = Seen({"a": 2, "b": 0})
        stock.move("a", "b", 1)
        self.assertEqual(seen, [{"a": 2, "b": 0}, {"a": 1, "b": 0}])


unittest.main()
