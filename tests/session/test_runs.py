"""Runs of a session: several at once, over restarts, and what is said when they cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.agent.event_log import EventLog
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.events import ModeChanged, RunEnded
from lsp_server.domain.tasks import Blocked, Failed, Finished, RunId, Stopped, Task
from lsp_server.session.run_errors import (
    AlreadyOver,
    InvalidMessage,
    ModeFixed,
    RunBusy,
    RunError,
    RunNotActive,
    RunNotFound,
    TooManyRuns,
)
from lsp_server.session.runs import ACTIVE_RUNS_MAX
from lsp_server.session.session import Session
from lsp_server.settings.address import without_credentials
from tests.harness.expectation import until
from tests.harness.workshop import calls, finish, says, workshop

SLEEP = calls(("shell", {"command": "sleep 30"}))


async def test_the_plan_is_in_the_state_the_status_and_the_transcript(project: Path) -> None:
    part = {"text": "find it", "status": "in_progress"}
    items = [{"text": "mend it", "status": "pending", "items": [part]}]
    async with workshop(project, [calls(("plan", {"items": items})), SLEEP]) as shop:
        shop.session.runs.start(Task("x"))
        await until(lambda: "$ sleep" in shop.session.status().message, "a command")
        assert shop.session.status().message == "0 of 1 done: find it; $ sleep 30"
        shown = shop.session.transcript().read_text()
        assert "Plan, 0 of 1 done: find it:\n\n- [ ] mend it\n  - [>] find it" in shown


async def test_two_runs_on_one_file_do_not_overwrite_each_other(project: Path) -> None:
    """Each edits its own half, as fast as it can."""
    (project / "a.txt").write_text("left\nright\n")

    def script(body: dict[str, list[dict[str, str]]]) -> object:
        messages = body["messages"]
        side = messages[1]["content"].split()[0]
        done = sum(m["role"] == "tool" and m["content"].startswith("edited") for m in messages)
        if done == 8:
            return finish()
        old = side + "!" * done
        return calls(("edit", {"path": "a.txt", "old_text": old, "new_text": old + "!"}))

    async with workshop(project, script) as shop:  # type: ignore[arg-type]
        runs = shop.session.runs
        started = [runs.start(Task(side)) for side in ("left", "right")]
        outcomes = await asyncio.gather(*(run.wait() for run in started))
        assert outcomes == [Finished("done")] * 2
    assert (project / "a.txt").read_text() == "left!!!!!!!!\nright!!!!!!!!\n"


async def test_runs_are_listed_newest_first_and_survive_the_session(project: Path) -> None:
    async with workshop(project, [finish("one"), finish("two")]) as shop:
        await shop.run("first")
        await shop.run("second")
    async with workshop(project, []) as shop:
        listed = shop.session.runs.list()
        assert [(run.title, run.state, run.message) for run in listed] == [
            ("second", "finished", "two (Not verified.)"),
            ("first", "finished", "one (Not verified.)"),
        ]
        assert shop.session.transcript(listed[1].run_id).read_text().startswith("# first")


async def test_closing_the_session_stops_its_runs_and_they_can_go_on(project: Path) -> None:
    async with workshop(project, [SLEEP]) as shop:
        run = shop.session.runs.start(Task("x"))
        await until(lambda: "$ sleep" in run.summary().message, "a command")
        await shop.session.close()
        outcome = await run.wait()
        assert isinstance(outcome, Stopped)
        assert "session was closed" in outcome.reason
    async with workshop(project, [finish("went on")]) as shop:
        assert await shop.session.runs.resume(run.run_id).wait() == Finished("went on")


async def test_a_stop_while_a_stopped_run_keeps_its_end_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, keeps, may_go_on = EventLog.flush, asyncio.Event(), asyncio.Event()

    async def slow(record: EventLog) -> None:
        keeps.set()
        await may_go_on.wait()
        await flush(record)

    async with workshop(project, [SLEEP]) as shop:
        runs = shop.session.runs
        run = runs.start(Task("x"))
        await until(lambda: "$ sleep" in shop.session.status().message, "a command")
        monkeypatch.setattr(EventLog, "flush", slow)
        runs.stop()
        await keeps.wait()
        runs.stop()
        may_go_on.set()
        assert isinstance(await run.wait(), Stopped)
        assert isinstance(runs.store.events(run.run_id)[-1], RunEnded)


async def test_a_blocked_run_goes_on_with_the_answer(project: Path) -> None:
    async with workshop(project, [finish("stuck"), finish("thanks")]) as shop:
        from lsp_server.domain.goals import Condition, Goal

        wish = Goal("g", "nice", (Condition("c", "it is nice"),))
        assert isinstance(await shop.run(Task("x", wish)), Blocked)
        run_id = shop.session.runs.list()[0].run_id
        await shop.session.runs.send(run_id, "use the blue one", "steer").wait()
        assert "use the blue one" in str(shop.prompts())


async def test_a_run_that_ended_goes_on_in_another_mode_and_one_at_work_keeps_its_own(
    project: Path,
) -> None:
    async with workshop(project, [finish("planned"), SLEEP, finish("built")]) as shop:
        await shop.run(Task("plan it", mode="plan"))
        runs = shop.session.runs
        run = runs.send(None, "now build it", "steer", mode="build")
        await until(lambda: bool(shop.events(ModeChanged)), "the other mode")
        assert run.context.task.mode == "build"
        with pytest.raises(ModeFixed, match="is at work in the mode build; stop it"):
            runs.send(run.run_id, "plan again", "steer", mode="plan")
        assert runs.send(run.run_id, "and go on", "steer", mode="build") is run
        runs.stop()
        await run.wait()


@pytest.mark.parametrize(
    ("action", "error", "sentence"),
    [
        (lambda it: it.runs.stop(), RunNotActive, "no run is active"),
        (lambda it: it.runs.stop(RunId("x")), RunNotActive, "run x is not active"),
        (lambda it: it.runs.resume(), RunNotFound, "there is no run to resume"),
        (lambda it: it.runs.resume(RunId("x")), RunNotFound, "run x is unknown"),
        (lambda it: it.runs.send(RunId("x"), "hi", "steer"), RunNotFound, "run x is unknown"),
        (lambda it: it.runs.send(None, "  ", "steer"), InvalidMessage, "1 to 100,000 characters"),
        (lambda it: it.transcript(RunId("../x")), RunNotFound, "run ../x is unknown"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    project: Path, action: Callable[[Session], object], error: type[RunError], sentence: str
) -> None:
    async with workshop(project, []) as shop:
        with pytest.raises(error, match=sentence):
            action(shop.session)


async def test_a_finished_run_is_spoken_to_rather_than_resumed(project: Path) -> None:
    async with workshop(project, [finish("one"), finish("two")]) as shop:
        await shop.run()
        run_id = shop.session.runs.list()[0].run_id
        with pytest.raises(AlreadyOver, match=f"run {run_id} is finished"):
            shop.session.runs.resume(run_id)
        assert await shop.session.runs.send(run_id, "and more", "queue").wait() == Finished("two")


async def test_the_number_of_runs_at_once_is_bounded(project: Path) -> None:
    async with workshop(project, [SLEEP] * ACTIVE_RUNS_MAX) as shop:
        for _ in range(ACTIVE_RUNS_MAX):
            shop.session.runs.start(Task("x"))
        with pytest.raises(TooManyRuns, match=f"{ACTIVE_RUNS_MAX} runs are active already"):
            shop.session.runs.start(Task("x"))
        assert len(shop.session.runs.stop(everything=True)) == ACTIVE_RUNS_MAX


async def test_an_active_run_is_neither_undone_nor_resumed(project: Path) -> None:
    async with workshop(project, [SLEEP]) as shop:
        run_id = shop.session.runs.start(Task("x")).run_id
        for chosen in (run_id, None):
            with pytest.raises(RunBusy, match="stop it first"):
                await shop.session.undo(chosen)
            with pytest.raises(RunBusy, match=f"run {run_id} is active;"):
                shop.session.runs.resume(chosen)


async def test_a_newest_run_that_cannot_be_read_is_named_and_no_other_is_undone(
    project: Path,
) -> None:
    write = calls(("write", {"path": "a.txt", "text": "new"}))
    async with workshop(project, [write, finish(), finish()], permissions={"mode": "full"}) as shop:
        await shop.run("old")
        await shop.run("new")
        newest, oldest = shop.session.runs.list()
        journal = shop.session.runs.store.journal(newest.run_id)
        journal.write_text('{"seq":0,"at":"t","event":{"kind":"pinged"},"format":9}\n')
        for chosen in (None, newest.run_id):
            with pytest.raises(JournalDamaged, match=r"format 9.*update it"):
                await shop.session.undo(chosen)
        assert (project / "a.txt").read_text() == "new"
        assert (await shop.session.undo(oldest.run_id)).removed == frozenset({"a.txt"})


async def test_a_run_of_another_process_is_left_to_it(project: Path) -> None:
    async with workshop(project, [SLEEP]) as shop, workshop(project, []) as other:
        run_id = shop.session.runs.start(Task("x")).run_id
        with pytest.raises(RunBusy, match="in another process") as caught:
            other.session.runs.send(run_id, "hello", "steer")
        assert caught.value.elsewhere


async def test_a_journal_that_cannot_be_written_fails_the_run_and_nothing_else(
    project: Path,
) -> None:
    async with workshop(project, [says("hi")] * 2) as shop:
        runs = shop.session.runs
        run = runs.start(Task("x"))
        await run.wait()
        runs.store.journal(run.run_id).write_text("nonsense\nnonsense\n")
        assert runs.list() == ()
        with pytest.raises(HoldfastError):
            runs.resume(run.run_id)
        assert await shop.run("y") == Finished("hi")


async def test_without_a_folder_for_runs_the_answer_names_it_and_how_to_mend_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = project / "data"
    data.write_text("a file in its place")
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    async with workshop(project, []) as shop:
        with pytest.raises(ConfigurationError, match=r"runs cannot be kept in .*/data/.*XDG_DATA"):
            shop.session.runs.start(Task("x"))
        assert shop.session.runs.list() == ()


async def test_an_error_of_ours_fails_the_run_with_its_name_and_spares_the_session(
    project: Path,
) -> None:
    async with workshop(project, [says("hi"), says("ho")]) as shop:

        def broken(event: object) -> None:
            if type(event).__name__ == "StepStarted":
                raise ZeroDivisionError("watching failed")

        shop.on_event = broken
        outcome = await shop.run()
        assert isinstance(outcome, Failed)
        assert "ZeroDivisionError" in outcome.error
        shop.on_event = lambda _: None
        assert isinstance(await shop.run(), Finished)


async def test_without_any_endpoint_the_answer_says_how_to_set_one(project: Path) -> None:
    async with workshop(project, []) as shop:
        shop.session.reconfigure(
            shop.session.settings.model_copy(
                update={"model": shop.session.settings.model.model_copy(update={"name": None})}
            )
        )
        assert shop.session.status().endpoint is not None


def test_credentials_never_show() -> None:
    assert without_credentials("https://me:key@host/v1?key=1") == "https://host/v1"


async def test_status_follows_the_run(project: Path) -> None:
    async with workshop(project, [SLEEP]) as shop:
        assert shop.session.status().state == "idle"
        shop.session.runs.start(Task("Sleep well."))
        status = shop.session.status()
        assert (status.state, status.title) == ("running", "Sleep well.")


def test_configuration_errors_name_their_key() -> None:
    assert ConfigurationError("x", key="model.name").key == "model.name"


async def test_a_run_that_reached_a_limit_goes_on_under_the_limits_of_today(project: Path) -> None:
    steps = [calls(("shell", {"command": f"echo {n} >> log"})) for n in range(4)]
    async with workshop(project, [*steps, finish()], run={"steps_max": 2}) as shop:
        stopped = await shop.run()
        assert isinstance(stopped, Stopped)
        assert "run.steps_max = 2" in stopped.reason
        run_id = shop.session.runs.list()[0].run_id
        larger = shop.session.settings.run.model_copy(update={"steps_max": 9})
        shop.session.reconfigure(shop.session.settings.model_copy(update={"run": larger}))
        resumed = shop.session.runs.resume(run_id)
        assert resumed.context.budget.steps_max == 9
        assert resumed.context.task.budget.steps_max == 2, "the task is what was asked"
        assert await resumed.wait() == Finished("done")
    assert (project / "log").read_text().split() == ["0", "1", "2", "3"]
