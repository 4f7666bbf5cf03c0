from __future__ import annotations

import asyncio
import logging

import pytest

from lsp_server.system.task_set import TASKS_MAX, TaskSet


async def fail(error: Exception) -> None:
    raise error


async def test_a_failure_is_logged_by_name_unless_it_is_expected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = TaskSet(expected=KeyError)
    with caplog.at_level(logging.ERROR):
        tasks.start(fail(ValueError("x")), "the surprise")
        tasks.start(fail(KeyError("y")), "the expected one")
        await tasks.wait(1.0)
    assert [record.getMessage() for record in caplog.records] == ["the surprise failed"]
    assert len(tasks) == 0


async def test_closing_ends_all_and_work_beyond_the_limit_is_dropped() -> None:
    tasks = TaskSet()
    started = [tasks.start(asyncio.Event().wait(), "waits") for _ in range(TASKS_MAX)]
    dropped = asyncio.Event().wait()
    await tasks.start(dropped, "one too many")
    await tasks.close()
    assert all(task.cancelled() for task in started)
    assert len(tasks) == 0
