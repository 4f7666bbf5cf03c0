"""Two hundred readers of a team's base at once: errors, waiting, and what the store is asked.

The base is that of `benchmarks.team_memory_reader`, or one of the first `--packages`, in the same
S3-compatible store on loopback, with nginx before it. Each reader is a memory of its own over it, for
one of the packages, with its own connection and its own caches; they are spread over processes, and are
tasks of one event loop in each. They open a few at a time, each with a first search. Then all of them ask,
each after a pause of up to twice `--pause-seconds` before each question, as people do.

The store shares the processors of this machine with its readers, so that times are those of the machine,
and so are errors where it takes longer than the deadline of an answer; requests are not.

An error is a question that raises, or leaves a problem in the status: a reader whose store does not
answer in time goes on without it, and says so there. A small package may really have nothing to be found.

    python -m benchmarks.team_memory_crowd [--readers 200] [--processes 4] [--questions 5] [--pause-seconds 40] [--packages 36] [--base FOLDER] [--json FILE]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.table import Row, arguments, show
from benchmarks.team_memory_corpus import PACKAGES, repositories
from benchmarks.team_memory_reader import NAME, QUESTIONS, opened, prepared
from benchmarks.team_memory_store import Store, Traffic, fronted, object_store
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import Query
from lsp_server.memory.memory import Memory

OPENED_AT_ONCE = 2
"""In each process: a reader that opens reads a hundred times what a search does."""
WAIT_SECONDS_MAX = 1_800.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What each reader does: so many questions, after pauses of this length on average."""

    questions: int
    pause_seconds: float
    packages: int

    @property
    def base(self) -> str:
        """The name of the base."""
        return NAME if self.packages == len(PACKAGES) else f"of-{self.packages}"


@dataclass
class Seen:
    """What readers waited for, in seconds, and what went wrong."""

    asking: int = 0
    asking_max: int = 0
    empty: int = 0
    opened: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def ask(self, memory: Memory, text: str) -> None:
        """Asks one question, and notes what is wrong with its answer."""
        self.asking += 1
        self.asking_max = max(self.asking, self.asking_max)
        try:
            hits = await memory.reader.search(Query(text, ("code",)))
        except MemoryUnavailable as error:
            self.errors.append(str(error))
            return
        finally:
            self.asking -= 1
        self.errors += memory.status().problems
        self.empty += not hits


def read(
    uri: str, numbers: Sequence[int], plan: Plan, meeting: Barrier, answer: Connection
) -> None:
    """The work of one process: readers with these numbers."""
    try:
        answer.send(asyncio.run(_read(uri, numbers, plan, meeting)))
    except BaseException:
        meeting.abort()  # Nobody is to wait for this process.
        raise


async def _read(uri: str, numbers: Sequence[int], plan: Plan, meeting: Barrier) -> Seen:
    seen, roots, gate = (
        Seen(),
        repositories(PACKAGES[: plan.packages]),
        asyncio.Semaphore(OPENED_AT_ONCE),
    )

    async def open_one(number: int) -> Memory:
        async with gate:
            started = time.perf_counter()
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            root = roots[number % len(roots)]
            memory = await readers.enter_async_context(opened(folder, root, uri))
            await seen.ask(memory, QUESTIONS[number % len(QUESTIONS)])
            seen.opened.append(time.perf_counter() - started)
            return memory

    async def go_on(memory: Memory, number: int) -> None:
        pauses = random.Random(number)
        for turn in range(plan.questions):
            await asyncio.sleep(pauses.uniform(0, 2 * plan.pause_seconds))
            started = time.perf_counter()
            await seen.ask(memory, f"{QUESTIONS[(number + turn) % len(QUESTIONS)]} {number}")
            seen.answered.append(time.perf_counter() - started)

    with ExitStack() as stack:
        async with AsyncExitStack() as readers:
            memories = await asyncio.gather(*map(open_one, numbers))
            for _ in range(2):  # All have opened; the traffic until then was noted.
                await asyncio.to_thread(meeting.wait, WAIT_SECONDS_MAX)
            await asyncio.gather(*map(go_on, memories, numbers))
            await asyncio.to_thread(meeting.wait, WAIT_SECONDS_MAX)
    return seen


def measure(store: Store, readers: int, processes: int, plan: Plan) -> list[Row]:
    context = multiprocessing.get_context("spawn")
    meeting, before = context.Barrier(processes + 1), store.traffic()
    answers: list[Connection] = []
    for start in range(processes):
        numbers = range(start, readers, processes)
        answer, sent = context.Pipe(duplex=False)
        given = (store.uri(plan.base), numbers, plan, meeting, sent)
        context.Process(target=read, args=given, daemon=True).start()
        answers.append(answer)
    meeting.wait(WAIT_SECONDS_MAX)
    opened_with, started = store.traffic() - before, time.perf_counter()
    meeting.wait(WAIT_SECONDS_MAX)
    meeting.wait(WAIT_SECONDS_MAX)
    seconds, load = time.perf_counter() - started, os.getloadavg()[0]
    asked_with = store.traffic() - before - opened_with
    seen: list[Seen] = [answer.recv() for answer in answers]
    opened_in = [second for one in seen for second in one.opened]
    answered_in = [second for one in seen for second in one.answered]
    errors = [error for one in seen for error in one.errors]
    for error in sorted(set(errors)):
        print(f"{errors.count(error)} times: {error}")
    return [
        row(f"open and first search, {OPENED_AT_ONCE * processes} at once", opened_in, opened_with),
        {
            **row(f"search, {readers} readers", answered_in, asked_with),
            "at once at most": sum(one.asking_max for one in seen),
            "without a hit": sum(one.empty for one in seen),
            "a second": len(answered_in) / seconds,
            "errors": len(errors),
            "load": load,
        },
    ]


def row(what: str, seconds: Sequence[float], asked: Traffic) -> Row:
    ordered, count = sorted(seconds), len(seconds)
    return {
        "what": what,
        "count": count,
        "requests each": asked.reads / count,
        "KB each": asked.bytes_sent / count / 1e3,
        "p50 ms": statistics.median(ordered) * 1e3,
        "p95 ms": ordered[int(count * 0.95)] * 1e3,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--pause-seconds", type=float, default=40.0)
    parser.add_argument("--packages", type=int, default=len(PACKAGES))
    parser.add_argument("--base", type=Path)
    options = parser.parse_args()
    plan = Plan(options.questions, options.pause_seconds, options.packages)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(object_store(options.base or scratch / "objects"))
        asyncio.run(prepared(store, plan.base, plan.packages))
        front = stack.enter_context(fronted(store))
        rows = measure(front, options.readers, options.processes, plan)
    show(
        f"{options.readers} readers of a base, {os.cpu_count()} processors for them and the store",
        rows,
        options.json,
    )


if __name__ == "__main__":
    main()
