"""Whatever ends Holdfast, and wherever its command has gone, nothing of it runs two seconds later."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.events import RunEnded
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes import lsp_client
from tests.harness import command_line
from tests.harness.expectation import until
from tests.harness.files import files_called
from tests.harness.sleepers import own_seconds, sleepers
from tests.harness.workshop import calls
from tests.sandbox.users import mechanisms

GONE_SECONDS_MAX = 2.0
QUICK = 5
"""Of so many points one belongs to the quick tests."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has marks")

LASTING = "touch ready; sleep {time}; echo late > late"
COMMANDS = {
    "plain": LASTING,
    "background": f"({LASTING}) & wait",
    "setsid": f"setsid -f sh -c '{LASTING}'; sleep {{time}}",
    "nohup": f"nohup sh -c '{LASTING}' >/dev/null 2>&1 & wait",
    "forked twice": f"(setsid -f sh -c '(setsid -f sh -c \"{LASTING}\") &') & sleep {{time}}",
    "deaf": f"trap '' TERM HUP INT; {LASTING}",
    "other environment": f"env -i setsid -f sh -c '{LASTING}'; sleep {{time}}",
}


@dataclass(frozen=True, slots=True)
class Point:
    """When and how a Holdfast ends: so many seconds after its command is at work, or after its start."""

    door: str
    sandbox: str
    end: str
    command: str
    seconds: float = 0.0
    at_work: bool = True

    def __str__(self) -> str:
        when = f"{self.seconds:g} s after {'its command' if self.at_work else 'its start'}"
        return f"{self.door}, {self.sandbox}, {self.end}, {self.command}, {when}"


POINTS = [
    Point("run", "off", "SIGKILL", "setsid"),
    Point("run", "off", "SIGKILL", "plain", 0.3),
    Point("run", "off", "SIGKILL", "deaf"),
    Point("run", "off", "SIGHUP", "forked twice"),
    Point("run", "off", "SIGTERM", "deaf"),
    Point("serve", "off", "SIGKILL", "forked twice"),
    Point("serve", "off", "SIGKILL", "nohup", 0.1),
    Point("serve", "off", "SIGHUP", "setsid"),
    Point("serve", "off", "SIGTERM", "other environment"),
    Point("serve", "off", "input", "background"),
    Point("run", "landlock", "SIGKILL", "other environment"),
    Point("run", "landlock", "SIGHUP", "setsid"),
    Point("serve", "landlock", "SIGKILL", "setsid"),
    Point("serve", "landlock", "input", "forked twice"),
    Point("run", "bubblewrap", "SIGKILL", "nohup"),
    Point("serve", "bubblewrap", "SIGKILL", "deaf"),
    Point("serve", "bubblewrap", "SIGHUP", "forked twice"),
    Point("run", "off", "SIGKILL", "setsid", 0.4, at_work=False),
    Point("run", "landlock", "SIGKILL", "setsid", 0.7, at_work=False),
    Point("serve", "off", "SIGKILL", "setsid", 0.9, at_work=False),
]


@pytest.fixture
def seconds() -> Iterator[str]:
    """How long the command of this test sleeps, as nobody else does; none is left at the end."""
    with own_seconds(60) as number:
        yield number


@asynccontextmanager
async def at_work(
    point: Point, folder: Path, url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A run in a process of Holdfast."""
    environment = {
        "HOLDFAST_MODEL__BASE_URL": url,
        "HOLDFAST_MODEL__NAME": "s",
        "HOLDFAST_PERMISSIONS__MODE": "full" if point.sandbox == "off" else "sandboxed",
        "HOLDFAST_SANDBOX__MODE": point.sandbox,
    }
    if point.door == "run":
        async with command_line.started("run", "do it", folder=folder, **environment) as process:
            yield process
        return
    async with lsp_client.started(environment=environment) as client:
        await client.initialize(folder)
        client.ask(
            "workspace/executeCommand",
            {"command": "holdfast.run.start", "arguments": [{"prompt": "do it"}]},
        )
        yield client.process


def end(process: asyncio.subprocess.Process, how: str) -> None:
    if how == "input":
        assert process.stdin is not None
        process.stdin.close()
    else:
        process.send_signal(signal.Signals[how])


def journals() -> list[Path]:
    return list(files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"])))


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, marks=[pytest.mark.slow] if number % QUICK else [], id=str(point))
        for number, point in enumerate(POINTS)
    ],
)
async def test_nothing_of_a_command_survives_the_end_of_holdfast(
    point: Point, project: Path, seconds: str
) -> None:
    if point.sandbox not in ("off", *mechanisms()):
        pytest.skip(f"{point.sandbox} is not here")
    (project / ".git").mkdir()
    command = COMMANDS[point.command].format(time=seconds)
    async with (
        ScriptedServer([calls(("shell", {"command": command}))]) as server,
        at_work(point, project, server.base_url) as process,
    ):
        if point.at_work:
            await until(
                lambda: (project / "ready").exists() or process.returncode is not None,
                "the command at work",
                60,
            )
            await until(lambda: sleepers(seconds), "it sleeps")
        await asyncio.sleep(point.seconds)
        end(process, point.end)
        await asyncio.wait_for(process.wait(), 10)
        await until(lambda: not sleepers(seconds), "all of it gone", GONE_SECONDS_MAX)
    assert not (project / "late").exists()
    if point.end != "SIGKILL":
        (journal,) = journals()
        (*_, last) = replay(journal)
        assert isinstance(last.event, RunEnded)


async def test_nothing_survives_the_terminal(project: Path, seconds: str) -> None:
    if shutil.which("setsid") is None:
        pytest.skip("there is no setsid")
    command = COMMANDS["forked twice"].format(time=seconds)
    async with ScriptedServer([calls(("shell", {"command": command}))]) as server:
        ours, theirs = os.openpty()
        process = await asyncio.create_subprocess_exec(
            *("setsid", "--ctty", sys.executable, "-m", "lsp_server", "run", "--yes", "do it"),
            cwd=project,
            env={
                **os.environ,
                "HOLDFAST_MODEL__BASE_URL": server.base_url,
                "HOLDFAST_MODEL__NAME": "s",
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        await until((project / "ready").exists, "the command at work", 60)
        os.close(ours)
        await asyncio.wait_for(process.wait(), 10)
        await until(lambda: not sleepers(seconds), "all of it gone", GONE_SECONDS_MAX)
    (journal,) = journals()
    (*_, last) = replay(journal)
    assert isinstance(last.event, RunEnded)


def test_each_way_is_tried() -> None:
    """No door without each sandbox, no sandbox without a kill."""
    tried = {(point.door, point.sandbox) for point in POINTS if point.end == "SIGKILL"}
    assert tried == set(itertools.product(("run", "serve"), ("off", "landlock", "bubblewrap")))
    assert {point.command for point in POINTS} == set(COMMANDS)
    assert len(POINTS) == 20
