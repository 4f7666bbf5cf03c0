"""A run between its start and its outcome, with an agent that only does what the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import RecordedEvent, RunEnded, RunStarted
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.tasks import Achieved, Budget, Failed, Outcome, RunId, Stopped, Task
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.run import MESSAGES_MAX, STOPPED, Run
from lsp_server.session.run_context import RunContext
from lsp_server.session.run_errors import NothingToAccept, RunNotActive, TooManyMessages
from lsp_server.session.run_store import RunStore
from lsp_server.session.runs import Runs
from lsp_server.settings.sections import Settings

TASK = Task("Rename the parser.", budget=Budget(7))


async def sleep_long() -> Outcome:
    await asyncio.sleep(60)
    return Achieved("slept")


async def achieve() -> Outcome:
    return Achieved("done")


@dataclass
class FakeAgent:
    """Awaits `work`, whatever comes of it."""

    work: Callable[[], Awaitable[Outcome]]

    async def run(self) -> Outcome:
        return await self.work()


@dataclass
class RunsHarness:
    """Runs in `folder` that all do the same work, with the Events that they said."""

    folder: Path
    work: Callable[[], Awaitable[Outcome]] = achieve
    contexts: list[RunContext] = field(default_factory=list)
    said: list[RecordedEvent] = field(default_factory=list)

    def runs(self) -> Runs:
        return Runs(
            RunStore(self.folder / "runs"),
            self.folder,
            Settings(),
            build=self._build,
            on_event=lambda _, recorded: self.said.append(recorded),
            check_model=lambda: "a model",
            redactor=Redactor(),
        )

    async def _build(self, context: RunContext) -> FakeAgent:
        self.contexts.append(context)
        return FakeAgent(self.work)


def raising(error: BaseException) -> Callable[[], Awaitable[Outcome]]:
    async def work() -> Outcome:
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "outcome"),
    [
        (achieve, Achieved("done")),
        (raising(ConfigurationError("set a key")), Failed("set a key")),
        (
            raising(OSError(28, "No space left on device")),
            Failed(
                "the system refused it: [Errno 28] No space left on device; "
                "make room or access and resume the run"
            ),
        ),
        (
            raising(ZeroDivisionError("1/0")),
            Failed("internal error: ZeroDivisionError('1/0'); the log has the details"),
        ),
        (
            raising(ExceptionGroup("tasks", [ExceptionGroup("more", [KeyError("x")])])),
            Failed("internal error: KeyError('x'); the log has the details"),
        ),
        (raising(asyncio.CancelledError()), Stopped(STOPPED)),
    ],
)
async def test_whatever_happens_inside_becomes_an_outcome_that_is_recorded(
    tmp_path: Path, work: Callable[[], Awaitable[Outcome]], outcome: Outcome
) -> None:
    runs = RunsHarness(tmp_path, work).runs()
    run = runs.start(TASK)
    assert await run.wait() == outcome
    (last,) = [e for e in runs.store.events(run.run_id) if isinstance(e, RunEnded)]
    assert last.outcome == outcome
    assert run.summary().state == runs.list()[0].state == outcome.outcome
    assert runs.active() == ()


async def test_a_run_that_is_stopped_before_its_first_step_ends_like_any_other(
    tmp_path: Path,
) -> None:
    harness = RunsHarness(tmp_path)
    runs = harness.runs()
    run = runs.start(TASK)
    run.stop("changed my mind")
    assert await run.wait() == Stopped("changed my mind")
    assert runs.active() == ()
    assert harness.contexts == [], "nothing was built for it"
    assert runs.list()[0].state == "stopped"


async def test_a_run_is_over_before_its_end_is_said(tmp_path: Path) -> None:
    harness = RunsHarness(tmp_path)
    runs = harness.runs()
    at_the_end: list[tuple[object, ...]] = []
    harness.said = watched = Watched(lambda: at_the_end.append(runs.active()))
    await runs.start(TASK).wait()
    assert [type(recorded.event) for recorded in watched] == [RunStarted, RunEnded]
    assert at_the_end[-1] == ()


class Watched(list[RecordedEvent]):
    """A list that calls `seen` for each Event that is added to it."""

    def __init__(self, seen: Callable[[], None]) -> None:
        super().__init__()
        self._seen = seen

    def append(self, recorded: RecordedEvent) -> None:
        super().append(recorded)
        self._seen()


async def test_the_task_is_what_the_journal_says_and_the_budget_what_it_may_spend_now(
    tmp_path: Path,
) -> None:
    harness = RunsHarness(tmp_path, sleep_long)
    runs = harness.runs()
    first = runs.start(TASK)
    assert (first.context.task, first.context.budget) == (TASK, TASK.budget)
    await runs.close()
    assert isinstance(await first.wait(), Stopped)
    resumed = runs.resume()
    assert (resumed.context.task, resumed.context.budget) == (TASK, Settings().run.budget)
    await runs.close()


async def test_a_run_has_room_for_so_many_unread_messages(tmp_path: Path) -> None:
    runs = RunsHarness(tmp_path, sleep_long).runs()
    run = runs.start(TASK)
    for number in range(MESSAGES_MAX):
        run.send(MessageReceived(f"message {number}", "queue"))
    with pytest.raises(TooManyMessages) as caught:
        runs.send(None, "one more", "queue")
    assert (caught.value.run_id, caught.value.limit) == (run.run_id, MESSAGES_MAX)
    await runs.close()


async def test_what_cannot_begin_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    runs = RunsHarness(tmp_path).runs()
    run = runs.start(TASK)
    await run.wait()
    before = runs.store.journal(run.run_id).read_bytes()
    with pytest.raises(NothingToAccept) as caught:
        runs.begin(run.run_id, lambda opened: opened.accept())
    assert (caught.value.run_id, caught.value.count) == (run.run_id, 0)
    assert runs.store.journal(run.run_id).read_bytes() == before
    await runs.send(run.run_id, "go on", "steer").wait()


async def test_a_run_that_never_started_cannot_be_waited_for(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id = RunId("r")
    run = Run(run_id, store.open(run_id), store, Settings(), Budget(), Redactor(), lambda *_: None)
    run.stop()
    with pytest.raises(RunNotActive):
        await run.wait()
    run.close()


async def test_cancelling_a_wait_leaves_the_run_alone(tmp_path: Path) -> None:
    runs = RunsHarness(tmp_path, sleep_long).runs()
    run = runs.start(TASK)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await run.wait()
    assert runs.active_run() is run
    await runs.close()
    assert isinstance(await run.wait(), Stopped)
