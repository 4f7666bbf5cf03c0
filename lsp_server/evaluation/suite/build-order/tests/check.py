import sys
import unittest

sys.path.append(sys.argv.pop(1))

import copy
import threading

from build import BuildError, plan, run


class Build(unittest.TestCase):
    def test_plans(self):
        rows = [
            ({}, []),
            ({"b": [], "a": []}, ["b", "a"]),
            ({"b": ["a"], "a": []}, ["a", "b"]),
            ({"c": ["b"], "x": [], "b": ["a"], "a": []}, ["x", "a", "b", "c"]),
            ({"c": ["b", "b"], "b": [], "d": ["c"], "e": []}, ["b", "c", "d", "e"]),
        ]
        for steps, order in rows:
            before = copy.deepcopy(steps)
            self.assertEqual(plan(steps), order)
            self.assertEqual(steps, before)

    def test_unknown_names(self):
        with self.assertRaises(BuildError) as caught:
            plan({"a": ["z", "b"], "b": ["y", "z"]})
        text = str(caught.exception)
        self.assertLess(text.index("z"), text.index("y"))
        self.assertEqual(text.count("z"), 1)

    def test_cycles(self):
        for steps in ({"a": ["a"]}, {"x": [], "a": ["x", "b"], "b": ["c"], "c": ["a", "x"], "d": ["a"]}, {"d": ["a"], "a": ["b"], "b": ["a"]}):
            with self.assertRaises(BuildError) as caught:
                plan(steps)
            cycle = caught.exception.cycle
            self.assertEqual(cycle[0], cycle[-1])
            self.assertEqual(len(set(cycle)), len(cycle) - 1)
            for one, needed in zip(cycle, cycle[1:]):
                self.assertIn(needed, steps[one])
            self.assertEqual(str(caught.exception), " -> ".join(cycle))
            with self.assertRaises(BuildError):
                run(steps, lambda name: self.fail())

    def test_a_long_chain(self):
        steps = {str(n): [str(n + 1)] for n in range(5000)} | {"5000": []}
        self.assertEqual(plan(steps)[0], "5000")
        ring = {str(n): [str((n + 1) % 5000)] for n in range(5000)}
        with self.assertRaises(BuildError) as caught:
            plan(ring)
        self.assertEqual(len(caught.exception.cycle), 5001)

    def test_one_worker_follows_the_plan(self):
        steps, done = {"c": ["b"], "x": [], "b": ["a"], "a": [], "d": ["c", "c"]}, []
        self.assertEqual(run(steps, done.append), plan(steps))
        self.assertEqual(done, plan(steps))

    def test_as_many_at_once_as_there_are_workers(self):
        meeting = threading.Barrier(3, timeout=20)
        steps = {"a": [], "b": [], "c": [], "d": ["a", "b", "c"]}
        ended = run(steps, lambda name: name == "d" or meeting.wait(), workers=3)
        self.assertEqual(ended[-1], "d")
        lock, now, most = threading.Lock(), [], []

        def work(name):
            with lock:
                now.append(name)
                most.append(len(now))
            threading.Event().wait(0.01)
            with lock:
                now.remove(name)

        run({str(n): [] for n in range(20)}, work, workers=4)
        self.assertEqual(max(most), 4)

    def test_a_step_begins_once_what_it_needs_is_done(self):
        late, order = threading.Event(), []

        def work(name):
            if name == "slow":
                self.assertTrue(late.wait(20))
            order.append(name)
            if name == "c":
                late.set()

        run({"slow": [], "a": [], "b": ["a"], "c": ["b"], "end": ["slow", "c"]}, work, workers=2)
        self.assertEqual(order, ["a", "b", "c", "slow", "end"])

    def test_failures(self):
        steps = {"a": [], "b": ["a"], "c": ["b"], "d": [], "e": ["d"], "f": ["c", "e"], "g": []}
        done, errors = [], {"b": ValueError("b"), "e": KeyError("e")}

        def work(name):
            if name in errors:
                raise errors[name]
            done.append(name)

        with self.assertRaises(BuildError) as caught:
            run(steps, work)
        self.assertEqual(caught.exception.failed, errors)
        self.assertEqual(list(caught.exception.failed), ["b", "e"])
        self.assertEqual(caught.exception.skipped, ["c", "f"])
        self.assertEqual(done, ["a", "d", "g"])


unittest.main()
