"""Runs the steps of a build."""

from __future__ import annotations

import heapq
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait


class BuildError(Exception):
    """A build that cannot be planned, or of which steps failed."""

    def __init__(self, message, cycle=(), failed=None, skipped=()):
        super().__init__(message)
        self.cycle = list(cycle)
        self.failed = dict(failed or {})
        self.skipped = list(skipped)


def run_in_order(steps, work):
    for name in steps:
        work(name)


def plan(steps):
    """All names, each behind what it needs. Raises BuildError."""
    unknown = dict.fromkeys(one for needs in steps.values() for one in needs if one not in steps)
    if unknown:
        raise BuildError(f"unknown steps: {', '.join(unknown)}")
    names = list(steps)
    places = {name: place for place, name in enumerate(names)}
    left = {name: len(set(needs)) for name, needs in steps.items()}
    users = _users(steps)
    ready = [places[name] for name in names if not left[name]]
    heapq.heapify(ready)
    order = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for user in users[name]:
            left[user] -= 1
            if not left[user]:
                heapq.heappush(ready, places[user])
    if len(order) < len(names):
        cycle = _cycle(steps, [name for name in names if left[name]])
        raise BuildError(" -> ".join(cycle), cycle)
    return order


def run(steps, work, workers=1):
    """Does all steps in threads; the names in the order in which they ended. Raises BuildError."""
    order = plan(steps)
    places = {name: place for place, name in enumerate(order)}
    left = {name: len(set(needs)) for name, needs in steps.items()}
    users = _users(steps)
    ready = [places[name] for name in order if not left[name]]
    heapq.heapify(ready)
    ended, failed, running = [], {}, {}
    with ThreadPoolExecutor(workers) as pool:
        while ready or running:
            while ready and len(running) < workers:
                name = order[heapq.heappop(ready)]
                running[pool.submit(work, name)] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                ended.append(name)
                if error := future.exception():
                    failed[name] = error
                    continue
                for user in users[name]:
                    left[user] -= 1
                    if not left[user]:
                        heapq.heappush(ready, places[user])
    if failed:
        skipped = [name for name in order if left[name]]
        sorted_failed = {name: failed[name] for name in order if name in failed}
        raise BuildError(f"failed: {', '.join(sorted_failed)}", (), sorted_failed, skipped)
    return ended


def _users(steps):
    users = {name: [] for name in steps}
    for name, needs in steps.items():
        for one in dict.fromkeys(needs):
            users[one].append(name)
    return users


def _cycle(steps, stuck):
    inside = set(stuck)
    path, at = [], stuck[0]
    seen = {}
    while at not in seen:
        seen[at] = len(path)
        path.append(at)
        at = next(one for one in steps[at] if one in inside)
    return [*path[seen[at] :], at]
