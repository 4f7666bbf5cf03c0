"""kill -9 at random points with two subagents at work, then resume: nothing lost, nothing twice."""

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
from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import RunEnded, ToolReturned
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.end_to_end.test_kill import check_journal
from tests.fakes.cast import delegates
from tests.harness.command_line import YES, holdfast, started
from tests.harness.files import files_called
from tests.harness.workshop import calls, finish
from tests.sampling import sampled

KILLS = sampled(12)
LINES = 12
CHILDREN = ("alpha", "beta")


def count_on(body: Mapping[str, Any]) -> ScriptedTurn:
    """A parent that gives all away, and children that count with care, each in a file of its own."""
    messages = body["messages"]
    name = str(messages[1]["content"]).split()[0]
    result = next((m["content"] for m in reversed(messages) if m["role"] == "tool"), None)
    if name not in CHILDREN:
        return delegates(*CHILDREN, mode="build") if result is None else finish("both are done")
    if result is None:
        return echo(name, 1)
    if re.search("interrupted|not run", result):
        return calls(("shell", {"command": f"echo looked; tail -n 1 {name}.log 2>/dev/null"}))
    if "looked" in result:
        return echo(name, int(re.findall(r"looked\s*(\d*)", result)[0] or 0) + 1)
    done = [
        int(found)
        for message in messages
        for call in message.get("tool_calls") or []
        for found in re.findall(r"echo (\d+)", call["function"]["arguments"])
    ]
    return finish(f"{name} counted") if max(done) >= LINES else echo(name, max(done) + 1)


def echo(name: str, number: int) -> ScriptedTurn:
    return calls(("shell", {"command": f"echo {number} >> {name}.log"}))


@pytest.mark.timeout(400)
async def test_killed_with_two_children_at_work_nothing_is_lost_and_nothing_done_twice(
    project: Path,
) -> None:
    chance = random.Random(8)
    acknowledged: dict[str, set[tuple[int, str]]] = {}
    async with ScriptedServer(count_on) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        parent = ""
        for _ in range(KILLS):
            how = ["--resume", parent] if parent else ["count"]
            async with started(
                "run", *YES, "--json", *how, folder=project, **environment
            ) as process:
                assert process.stdout is not None
                for _ in range(chance.randint(4, 40)):
                    line = await process.stdout.readline()
                    if not line:
                        break
                    event = json.loads(line)
                    parent = parent or event["run_id"]
                    run_id = event["run_id"] if "parent_id" in event else parent
                    acknowledged.setdefault(run_id, set()).add((event["seq"], event["kind"]))
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        result = await holdfast(
            "run", *YES, "--json", "--resume", parent, folder=project, **environment
        )
    assert result.status == 5, result.errors
    for name in CHILDREN:
        counted = (project / f"{name}.log").read_text().split()
        assert counted == [str(number) for number in range(1, LINES + 1)]
    journals = {
        path.parent.name: replay(path)
        for path in files_called("journal.jsonl", Path(os.environ["XDG_DATA_HOME"]))
    }
    assert set(journals) == {parent, f"{parent}.1", f"{parent}.2"}
    for run_id, records in journals.items():
        check_journal(records, acknowledged.get(run_id, set()))
    own = [recorded.event for recorded in journals[parent]]
    for kind in (ChildStarted, ChildEnded):
        found = [event.run_id for event in own if isinstance(event, kind)]
        assert sorted(found) == [f"{parent}.1", f"{parent}.2"], kind
    told = [event.result.text for event in own if isinstance(event, ToolReturned)][:2]
    assert all("ended: finished" in text for text in told)
    ends = {
        run_id: [r.event for r in records if isinstance(r.event, RunEnded)][-1]
        for run_id, records in journals.items()
    }
    paid = sum(end.billed.total_tokens for run_id, end in ends.items() if run_id != parent)
    spent = [event.billed.total_tokens for event in own if isinstance(event, ChildEnded)]
    assert sum(spent) == paid, "what each spent counts for the parent once"
