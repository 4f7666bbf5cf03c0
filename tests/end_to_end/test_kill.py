"""kill -9 at random points of a run, then resume: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.events import RecordedEvent, RunResumed, ToolCalled, ToolReturned
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.command_line import HOLDS, YES, holdfast, started
from tests.harness.expectation import until
from tests.harness.files import files_called, lay_out
from tests.harness.workshop import calls, finish
from tests.sampling import sampled

KILLS = sampled(20)
LINES = 60


def count_on(body: Mapping[str, Any]) -> ScriptedTurn:
    """A careful model: it counts in a file, and looks before it repeats what was interrupted."""
    messages = body["messages"]
    result = next((m["content"] for m in reversed(messages) if m["role"] == "tool"), None)
    if result is None:
        return echo(1)
    if re.search("interrupted|not run", result):
        return calls(("shell", {"command": "echo looked; tail -n 1 log 2>/dev/null"}))
    if "looked" in result:
        return echo(int(re.findall(r"looked\s*(\d*)", result)[0] or 0) + 1)
    done = [
        int(found)
        for message in messages
        for call in message.get("tool_calls") or []
        for found in re.findall(r"echo (\d+)", call["function"]["arguments"])
    ]
    return finish() if max(done) == LINES else echo(max(done) + 1)


def echo(number: int) -> ScriptedTurn:
    return calls(("shell", {"command": f"echo {number} >> log"}))


@pytest.mark.timeout(240)
async def test_killed_at_random_points_a_run_loses_and_repeats_nothing(project: Path) -> None:
    chance = random.Random(8)
    acknowledged: set[tuple[int, str]] = set()
    async with ScriptedServer(count_on) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        run_id = ""
        for _ in range(KILLS):
            how = ["--resume", run_id] if run_id else ["count"]
            async with started(
                "run", *YES, "--json", *how, folder=project, **environment
            ) as process:
                assert process.stdout is not None
                for _ in range(chance.randint(1, 25)):
                    line = await process.stdout.readline()
                    if not line:
                        break
                    event = json.loads(line)
                    acknowledged.add((event["seq"], event["kind"]))
                    run_id = run_id or event["run_id"]
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        result = await holdfast(
            "run", *YES, "--json", "--resume", run_id, folder=project, **environment
        )
    assert result.status == 5, result.errors
    assert (project / "log").read_text().split() == [str(n) for n in range(1, LINES + 1)]
    (path,) = files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
    records = replay(path)
    check_journal(records, acknowledged)
    assert sum(isinstance(r.event, RunResumed) for r in records) >= KILLS // 2


def check_journal(records: list[RecordedEvent], acknowledged: set[tuple[int, str]]) -> None:
    kept = {(recorded.seq, recorded.event.kind) for recorded in records}
    assert acknowledged <= kept, "what was shown was on record"
    assert [recorded.seq for recorded in records] == list(range(len(records)))
    called = [r.event.call.id for r in records if isinstance(r.event, ToolCalled)]
    returned = [r.event.call_id for r in records if isinstance(r.event, ToolReturned)]
    assert len(called) == len(set(called)), "no call was started twice"
    assert len(returned) == len(set(returned)), "no call has two results"
    assert set(called) <= set(returned), "every call that started has its result"


async def test_what_a_command_did_before_the_kill_can_be_taken_back(project: Path) -> None:
    (project / "kept").write_text("before")
    command = "echo after > kept; echo new > made; echo $$ > pid; sleep 60"
    async with ScriptedServer([calls(("shell", {"command": command}))]) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with started(
            "run", *YES, "--json", "do it", folder=project, **environment
        ) as process:
            pid = project / "pid"
            await until(lambda: pid.exists() and pid.read_text().strip(), "the command at work")
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        result = await holdfast("undo", folder=project, **environment)
    assert result.status == 0, result.errors
    assert (project / "kept").read_text() == "before"
    assert not (project / "made").exists()


async def test_the_temporary_folders_of_a_killed_run_are_removed_by_the_next_start(
    project: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    async with ScriptedServer(
        [calls(("shell", {"command": "touch $TMPDIR/x at-work; sleep 60"})), finish(), finish()]
    ) as server:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": server.base_url,
            "HOLDFAST_MODEL__NAME": "s",
            "TMPDIR": str(temporary),
        }
        async with started("run", *YES, "do it", folder=project, **environment) as process:
            await until((project / "at-work").exists, "the command at work")
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if HOLDS:
            assert len(list(temporary.iterdir())) == 1, "a kill leaves it"
        result = await holdfast("run", *YES, "look", folder=project, **environment)
    assert result.status == 5, result.errors
    assert list(temporary.iterdir()) == []


async def test_what_a_person_did_after_the_kill_is_not_taken_back(project: Path) -> None:
    before = {
        name: f"{name}\n" for name in ("run", "both", "theirs", "a/gone", "a/unwanted", "b/c")
    }
    lay_out(project, before)
    command = "echo r | tee run > both; mkdir new; echo r > new/made; rm -r a/gone b; touch ready; sleep 60"
    async with ScriptedServer([calls(("shell", {"command": command}))]) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with started("run", *YES, "do it", folder=project, **environment) as process:
            await until((project / "ready").exists, "the command at work", 60)
            process.kill()
            await process.wait()
        data = Path(os.environ["XDG_DATA_HOME"])
        await until(lambda: list(data.rglob("*.there")), "its end is noted")
        (project / "a/unwanted").unlink()
        lay_out(project, {"both": "person\n", "theirs": "person\n", "mine": "m\n", "a/x": "x\n"})
        lay_out(project, {"new/mine": "m\n"})
        result = await holdfast("undo", folder=project, **environment)
        again = await holdfast("undo", folder=project, **environment)
    assert contents_of(project) == {
        **{name: text for name, text in before.items() if name != "a/unwanted"},
        "both": "person\n",
        "theirs": "person\n",
        "mine": "m\n",
        "a/x": "x\n",
        "new/mine": "m\n",
    }
    said = [line for line in result.output.splitlines() if line.startswith("left alone")]
    assert said == [
        f"left alone {name}: it was changed after the run was killed, and stays as it is"
        for name in ("both", "theirs")
    ]
    assert again.output.startswith("nothing to take back")


def contents_of(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}
