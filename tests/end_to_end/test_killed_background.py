"""kill -9 with a command in the background: nothing of it is left, at the latest after the next start."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.background_events import BackgroundStarted
from lsp_server.domain.events import RunResumed
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.sandbox.process_tree import own_trees
from lsp_server.sandbox.sandbox import SandboxedProcess
from lsp_server.workspace.commands.left_over_commands import (
    FILE_NAME,
    end_left_over,
    name_processes,
    process_began,
)
from tests.harness.command_line import YES, holdfast, started
from tests.harness.expectation import until
from tests.harness.files import files_called
from tests.harness.sleepers import own_seconds, sleepers
from tests.harness.workshop import calls, finish
from tests.sampling import sampled

KILLS = sampled(20)
STEPS = 12

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has marks")


@pytest.fixture
def seconds() -> Iterator[str]:
    """How long the commands of this test sleep, as nobody else does; none is left at the end."""
    with own_seconds(80) as number:
        yield number


def left_over() -> list[Path]:
    return list(files_called(FILE_NAME, Path(os.environ["XDG_DATA_HOME"])))


def turns(seconds: str) -> list[ScriptedTurn]:
    command = f"setsid -f sh -c 'sleep {seconds}; true'; sleep {seconds}"
    return [
        calls(("shell", {"command": command, "background": True})),
        *(calls(("shell", {"command": f"echo {n} >> log"})) for n in range(STEPS)),
        finish(),
    ]


@pytest.mark.timeout(240)
async def test_killed_at_random_points_it_leaves_no_process(project: Path, seconds: str) -> None:
    chance = random.Random(16)
    for _ in range(KILLS):
        async with ScriptedServer(turns(seconds)) as server:
            environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
            async with started(
                "run", *YES, "--json", "serve", folder=project, **environment
            ) as process:
                assert process.stdout is not None
                for _ in range(chance.randint(6, 50)):
                    if not await process.stdout.readline():
                        break
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
            await until(lambda: not sleepers(seconds), "all of it gone")
            # What the next one does is answer the finish that is left of the script.
            await holdfast("run", *YES, "look", folder=project, **environment)
        assert not sleepers(seconds)
        assert not left_over()


async def test_what_outlives_the_watch_too_is_ended_by_the_next_start(
    project: Path, seconds: str
) -> None:
    async with ScriptedServer([*turns(seconds)[:1], finish(), finish()]) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with started(
            "run", "--yes", "--sandbox", "off", "--json", "serve", folder=project, **environment
        ) as process:
            await until(lambda: left_over() and len(sleepers(seconds)) == 2, "it works", 60)
            # Stopped first, so that neither sees the other die.
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
            ours = [one for one in family if seconds not in " ".join(one.cmdline())]
            for one in ours:
                one.suspend()
            for one in ours:
                one.kill()
            await process.wait()
        assert len(sleepers(seconds)) == 2, "nobody was there to end it"
        (journal,) = files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
        result = await holdfast(
            "run", "--yes", "--sandbox", "off", "--resume", journal.parent.name,
            folder=project, **environment,
        )  # fmt: skip
    assert result.status == 5, result.errors
    assert not sleepers(seconds)
    assert not left_over()
    events = [recorded.event for recorded in replay(journal)]
    assert sum(isinstance(event, BackgroundStarted) for event in events) == 1
    (resumed,) = [event for event in events if isinstance(event, RunResumed)]
    assert "bg1: setsid" in resumed.note


def written(path: Path, **changes: object) -> None:
    named = json.loads(path.read_text())
    named["processes"][0] |= changes
    path.write_text(json.dumps(named))


@pytest.fixture
def foreign() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "77"], start_new_session=True) as process:
        yield process
        process.kill()


def test_no_foreign_process_with_the_same_number_is_ended(
    tmp_path: Path, foreign: subprocess.Popen[bytes]
) -> None:
    path = tmp_path / FILE_NAME
    boot, _, ticks = process_began(foreign.pid).partition(" ")
    no_marks: tuple[object, ...] = (-1, 0, 1024, 4096, 10**9, 10**16, own_trees().new_mark())
    others: list[dict[str, object]] = [
        {"began": f"{boot} {int(ticks) - 1}"},
        {"began": f"{boot} {int(ticks) + 1}"},
        {"began": f"another-boot {ticks}"},
        {"began": ""},
        # A mark is found by its number, which other limits must not have.
        *[{"mark": mark} for mark in no_marks],
    ]
    for other in others:
        name_processes(path, [SandboxedProcess(foreign, None)])
        written(path, **other)
        assert end_left_over(path) == 0, other
        assert foreign.poll() is None, other
        assert not path.exists()
    name_processes(path, [SandboxedProcess(foreign, None)])
    assert end_left_over(path) == 1
    assert foreign.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"processes": [{"pid": "1"}]}', '{"processes": 1}', "\0" * 100]
)
def test_a_file_that_cannot_be_read_ends_nothing_and_is_gone(tmp_path: Path, text: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(text)
    assert end_left_over(path) == 0
    assert not path.exists()
    assert end_left_over(path) == 0
