"""kill -9 of a server with two subagents, a background command and two attempts at work, then a start.

Nothing is lost, nothing is done twice, and after the next start no process, no copy and no
temporary folder is left. An attempt begins no subagents, so the attempts are of another run.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.attempt_events import AttemptEnded, AttemptStarted
from lsp_server.domain.background_events import BackgroundStarted
from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import RecordedEvent, RunEnded
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.settings.folders import data_folder, workspace_folder
from lsp_server.workspace.commands.left_over_commands import FILE_NAME
from tests.end_to_end.test_kill import check_journal
from tests.end_to_end.test_killed_subagents import CHILDREN, LINES, count_on
from tests.end_to_end.test_subagents import SHOWS_EVENTS
from tests.fakes.cast import delegates
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import LspClient, Message, started
from tests.harness.attempts import attempts
from tests.harness.command_line import HOLDS
from tests.harness.expectation import until
from tests.harness.files import files_called, lay_out
from tests.harness.git import committed
from tests.harness.sleepers import own_seconds, sleepers
from tests.harness.workshop import calls, finish

KILLS = 30
QUICK = 10
"""Of so many one belongs to the quick tests."""
NOTICES_MAX = 130
"""About as many as there are Events of all runs until the last one ends."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has marks")


@pytest.fixture
def seconds() -> Iterator[str]:
    with own_seconds(90) as number:
        yield number


def model(seconds: str) -> Callable[[Mapping[str, Any]], ScriptedTurn]:
    """A parent with a background command and two children that count, and a run with two attempts."""
    serves = {"command": f"setsid -f sleep {seconds}; sleep {seconds}", "background": True}
    steps = [
        calls(("read", {"path": "a.py"})),
        *(calls(("shell", {"command": f"echo {n} >> made.txt; echo $TMPDIR"})) for n in range(6)),
        finish("made"),
    ]
    attempt = attempts(steps, steps, judge=len)

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        messages = body["messages"]
        name = str(messages[1]["content"]).split()[0].strip(".:")
        if name == "make" or name not in ("count", *CHILDREN):
            return attempt(body)
        if name != "count":
            return count_on(body)
        told = str([one["content"] for one in messages if one["role"] == "tool"])
        if told == "[]":
            return calls(("shell", serves))
        # What was not run before the kill is asked for again.
        missing = [child for child in CHILDREN if f"{child} counted" not in told]
        return delegates(*missing, mode="build") if missing else finish("both are done")

    return turn


@dataclass
class Stage:
    """Two runs of one server after another in a project, and what was shown of them."""

    project: Path
    environment: Mapping[str, str]
    temporary: Path
    runs: list[str] = field(default_factory=list)
    shown: dict[str, set[tuple[int, str]]] = field(default_factory=dict)

    async def connect(self, stack: AsyncExitStack) -> LspClient:
        client = await stack.enter_async_context(started(environment=self.environment))
        await client.initialize(self.project, SHOWS_EVENTS)
        return client

    def see(self, messages: list[Message]) -> None:
        for each in messages:
            if each.get("method") == "holdfast/event":
                params = each["params"]
                if params["seq"] >= 0 and params["event"]["kind"] != "streamed":
                    seen = self.shown.setdefault(params["runId"], set())
                    seen.add((params["seq"], params["event"]["kind"]))

    def journals(self) -> dict[str, list[RecordedEvent]]:
        paths = files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
        return {path.parent.name: replay(path) for path in paths}

    def left(self, seconds: str) -> list[str]:
        """All that a kill may leave behind."""
        data = workspace_folder(data_folder(), self.project)
        places = (data / "worktrees", self.project / ".git" / "worktrees", self.temporary)
        return [
            *(str(path) for place in places if place.exists() for path in place.iterdir()),
            *map(str, files_called(FILE_NAME, data)),
            *(str(process) for process in sleepers(seconds)),
        ]


def of_events(message: Message) -> bool:
    return message.get("method") == "holdfast/event"


async def play(stage: Stage, seconds: str, notices: int) -> None:
    async with AsyncExitStack() as stack:
        client = await stage.connect(stack)
        for arguments in ({"prompt": "count"}, {"prompt": "make it", "attempts": 2}):
            reply = await client.command("holdfast.run.start", arguments)
            stage.runs.append(reply["runId"])
        await until(lambda: sum(map(of_events, client.received)) >= notices, "so many events", 60)
        client.process.kill()
        await client.process.wait()
    stage.see(client.received)
    async with AsyncExitStack() as stack:
        client = await stage.connect(stack)
        await client.command("holdfast.status")
        await until(lambda: not stage.left(seconds), "all of the killed server gone", 30)
        open_runs = {run for run in stage.runs if ended(stage, run) is None}
        for run in open_runs:
            await client.command("holdfast.run.resume", {"runId": run})
        await until(lambda: open_runs <= ended_runs(client), "both runs ended", 90)
        await until(lambda: not stage.left(seconds), "all of both runs gone", 30)
        stage.see(client.received)
        await client.shutdown()
    assert not stage.left(seconds)


def ended_runs(client: LspClient) -> set[str]:
    return {
        each["params"]["runId"]
        for each in client.received
        if of_events(each) and each["params"]["event"]["kind"] == "run_ended"
    }


def ended(stage: Stage, run: str) -> RunEnded | None:
    last = stage.journals()[run][-1].event
    return last if isinstance(last, RunEnded) else None


def check(stage: Stage) -> None:
    parent, many = stage.runs
    journals = stage.journals()
    for run_id, records in journals.items():
        if not run_id.startswith(f"{many}."):  # Attempts that were broken off are made anew.
            check_journal(records, stage.shown.get(run_id, set()))
    for name in CHILDREN:
        counted = (stage.project / f"{name}.log").read_text().split()
        assert counted == [str(number) for number in range(1, LINES + 1)]
    own = [recorded.event for recorded in journals[parent]]
    for kind in (ChildStarted, ChildEnded):
        found = [event.run_id for event in own if isinstance(event, kind)]
        assert sorted(found) == [f"{parent}.1", f"{parent}.2"], kind
    assert sum(isinstance(event, BackgroundStarted) for event in own) <= 1
    tried = [recorded.event for recorded in journals[many]]
    whole = [event.number for event in tried if isinstance(event, AttemptEnded) and event.is_whole]
    assert sorted(whole) == [1, 2], "each attempt ended once"
    begun = [event.number for event in tried if isinstance(event, AttemptStarted)]
    assert set(begun) == {1, 2}
    assert not (stage.project / "made.txt").exists(), "nobody accepted one"
    for run in stage.runs:
        end = ended(stage, run)
        assert end is not None
        assert end.outcome.outcome in ("achieved", "finished"), end


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[pytest.mark.slow] if n % QUICK else []) for n in range(KILLS)],
)
async def test_killed_with_all_of_it_at_work_nothing_is_lost_or_left_and_nothing_done_twice(
    number: int, project: Path, tmp_path: Path, seconds: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    committed(lay_out(project, {"a.py": "a = 1\n"}))
    async with FaultyServer(model(seconds)) as server:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": server.base_url,
            "HOLDFAST_MODEL__NAME": "s",
            "HOLDFAST_PERMISSIONS__MODE": "sandboxed" if HOLDS else "full",
            "HOLDFAST_GOAL__JUDGE_TASK": "false",
            "TMPDIR": str(temporary),
        }
        stage = Stage(project, environment, temporary)
        await play(stage, seconds, random.Random(number).randint(2, NOTICES_MAX))
        check(stage)
