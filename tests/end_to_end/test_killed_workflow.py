"""kill -9 with a workflow of 12 nodes half done, which is then edited: what stands is not done again."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.command_line import YES, Ended, holdfast, started
from tests.harness.workflows import written
from tests.harness.workshop import calls, finish

NEEDS: Mapping[str, tuple[str, ...]] = {
    "n1": (),
    "n2": (),
    "n3": (),
    "n4": ("n1",),
    "n5": ("n2",),
    "n6": ("n3",),
    "n7": ("n4",),
    "n8": ("n5",),
    "n9": ("n6",),
    "n10": ("n7", "n8"),
    "n11": ("n9",),
    "n12": ("n10", "n11"),
}
EDITED = "n2"


def text(edited: str = "") -> str:
    """The workflow; of one node the task may be another one."""
    return "\n".join(
        f"## {name}\n"
        + (f"- needs: {', '.join(needs)}\n" if needs else "")
        + f"\nWrite a line{' with care' * (name == edited)}.\n\n- check: `test -f {name}.log`\n"
        for name, needs in NEEDS.items()
    )


def node_of(body: Mapping[str, Any]) -> str:
    return str(body["messages"][1]["content"]).split()[0]


def turn(body: Mapping[str, Any]) -> ScriptedTurn:
    """A node that writes one line to its file, and looks first if it was interrupted."""
    name, messages = node_of(body), body["messages"]
    result = next((str(m["content"]) for m in reversed(messages) if m["role"] == "tool"), None)
    if result is not None and re.search("interrupted|not run", result):
        return calls(("shell", {"command": f"touch {name}.log; echo looked"}))
    return finish("done") if result is not None else echo(name)


def echo(name: str) -> ScriptedTurn:
    return calls(("shell", {"command": f"echo line >> {name}.log"}))


def done_in(events: list[dict[str, Any]]) -> set[str]:
    """The nodes that were done by the last of these Events."""
    changed = [event for event in events if event["kind"] == "workflow_changed"]
    nodes = changed[-1]["nodes"] if changed else []
    return {node["id"] for node in nodes if node["state"] == "achieved"}


def downstream(of: str) -> set[str]:
    found = {of}
    for name, needs in NEEDS.items():
        if found & set(needs):
            found.add(name)
    return found


async def run_until(done: int, folder: Path, environment: Mapping[str, str]) -> set[str]:
    """Runs the workflow until so many nodes are done, and kills it; the nodes that were."""
    events: list[dict[str, Any]] = []
    how = ("workflow", "plan", *YES, "--json")
    async with started(*how, folder=folder, **environment) as process:
        assert process.stdout is not None
        while len(done_in(events)) < done:
            line = await process.stdout.readline()
            assert line, "it ended before"
            events.append(json.loads(line))
        os.killpg(process.pid, signal.SIGKILL)
        # What was written before the kill counts, too.
        while line := await process.stdout.readline():
            events.append(json.loads(line))
        await process.wait()
    return done_in(events)


async def trust(folder: Path) -> None:
    assert (await holdfast("trust", "--yes", folder=folder)).status == 0


def requests_since(server: ScriptedServer, count: int) -> set[str]:
    return {node_of(request.body) for request in server.requests[count:]}


async def work(folder: Path, environment: Mapping[str, str], *more: str) -> Ended:
    return await holdfast("workflow", "plan", *YES, "--json", *more, folder=folder, **environment)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("edited", [pytest.param("", marks=pytest.mark.slow), EDITED])
async def test_after_a_kill_only_open_and_changed_nodes_run_again(
    project: Path, edited: str
) -> None:
    written(project, text())
    await trust(project)
    async with ScriptedServer(turn) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        done = await run_until(6, project, environment)
        assert 6 <= len(done) < len(NEEDS)
        before = len(server.requests)
        written(project, text(edited))
        if edited:
            untrusted = await work(project, environment)
            assert untrusted.status != 0
            assert "not trusted" in untrusted.errors
            assert len(server.requests) == before
            await trust(project)
        result = await work(project, environment)
        assert result.status == 0, result.errors + result.output
        again = downstream(edited) if edited else set()
        open_or_changed = (set(NEEDS) - done) | again
        asked = requests_since(server, before)
        assert asked <= open_or_changed, f"{asked - open_or_changed} ran again for nothing"
        assert again <= asked, "what was edited, and what needs it, runs again"
        assert done_in(result.events) == set(NEEDS)
        for name in NEEDS:
            lines = (project / f"{name}.log").read_text().split()
            assert len(lines) <= 1 + (name in again), f"{name} was done twice"


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_a_workflow_that_is_done_begins_anew_unless_it_was_edited(project: Path) -> None:
    written(project, text())
    await trust(project)
    async with ScriptedServer(turn) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        first = await work(project, environment)
        assert first.status == 0, first.errors
        begun = len(server.requests)
        written(project, text("n11"))
        await trust(project)
        edited = await work(project, environment)
        assert edited.status == 0, edited.errors
        assert requests_since(server, begun) == downstream("n11")
        begun = len(server.requests)
        anew = await work(project, environment)
        assert anew.status == 0, anew.errors
        assert requests_since(server, begun) == set(NEEDS)
    runs = {result.events[-1]["run_id"] for result in (first, edited, anew)}
    assert len(runs) == 2, "an edited workflow goes on with its run"
