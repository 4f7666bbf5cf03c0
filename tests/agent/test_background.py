"""Commands in the background, through a session with a scripted model over HTTP."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import string
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.background_events import BackgroundEnded, BackgroundStarted
from lsp_server.domain.events import CycleStarted, RunResumed, Told, ToolReturned, Warned
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Achieved, Budget, Finished, Stopped, Task
from lsp_server.session.run_store import RunStore
from lsp_server.workspace.commands.background_commands import COMMANDS_MAX
from tests.harness.command_line import HOLDS
from tests.harness.expectation import until
from tests.harness.sleepers import own_seconds, sleepers
from tests.harness.workshop import Workshop, calls, finish, workshop
from tests.sandbox.users import mechanisms

MODES = ["full", *(["sandboxed"] if HOLDS else [])]
SERVER = "python3 -u -m http.server {port} --bind 127.0.0.1"
POLL = (
    "for i in $(seq 200); do curl -sf http://127.0.0.1:{port}/a.txt && exit 0; sleep 0.1; done; "
    "exit 1"
)


def background(command: str) -> tuple[str, dict[str, Any]]:
    return "shell", {"command": command, "background": True}


def shell(command: str) -> tuple[str, dict[str, Any]]:
    return "shell", {"command": command}


def output(seconds: int = 0, contains: str = "", background_id: str = "bg1") -> tuple[str, Any]:
    arguments = {"id": background_id, "wait_seconds": seconds, "contains": contains}
    return "output", {key: value for key, value in arguments.items() if value}


def results(shop: Workshop) -> list[str]:
    return [event.result.text for event in shop.events(ToolReturned)]


@pytest.fixture
def seconds() -> Iterator[str]:
    """How long the commands of this test sleep, as nobody else does; none is left at the end."""
    with own_seconds(90) as number:
        yield number


@pytest.mark.parametrize("mode", MODES)
async def test_a_server_is_reached_by_a_later_step_and_is_gone_at_the_end(
    project: Path, mode: str, unused_tcp_port: int
) -> None:
    (project / "a.txt").write_text("served\n")
    turns = [
        calls(background(SERVER.format(port=unused_tcp_port))),
        calls(shell(POLL.format(port=unused_tcp_port))),
        calls(output(30, "GET /a.txt")),
        finish(),
    ]
    async with workshop(project, turns, permissions={"mode": mode}) as shop:
        assert await shop.run() == Finished("done")
        found = results(shop)
        assert found[0].startswith("bg1 runs in the background")
        assert "served" in found[1]
        assert "bg1 runs" in found[2]
        assert "GET /a.txt" in found[2]
        assert [event.id for event in shop.events(BackgroundStarted)] == ["bg1"]
        assert [event.by for event in shop.events(BackgroundEnded)] == ["run"]
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", unused_tcp_port))


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds here")
async def test_a_second_server_and_the_check_of_a_goal_share_the_network(
    project: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    first, second = unused_tcp_port_factory(), unused_tcp_port_factory()
    (project / "a.txt").write_text("served\n")
    check = CommandCheck(POLL.format(port=second))
    turns = [
        calls(background(SERVER.format(port=first))),
        calls(background(SERVER.format(port=second))),
        calls(("stop", {"id": "bg1"})),
        finish(),
    ]
    async with workshop(project, turns, permissions={"mode": "sandboxed"}) as shop:
        goal = Goal("g", "it serves", (Condition("c", "it serves", (check,)),))
        assert isinstance(await shop.run(Task("serve", goal=goal)), Achieved)


COMMANDS = {
    "plain": "sleep {time}",
    "setsid": "setsid -f sh -c 'sleep {time}'; sleep {time}",
    "forked twice": "(setsid -f sh -c '(setsid -f sleep {time}) &') & sleep {time}",
    "nohup": "nohup sleep {time} & wait",
    "deaf": "trap '' TERM HUP INT; sleep {time} & wait; sleep {time}",
    # Bounded: in five rounds each process starts two more.
    "fork bomb": (
        "f() {{ [ $1 = 0 ] && exec sleep {time}; f $(($1 - 1)) & f $(($1 - 1)) & wait; }}; f 5"
    ),
}
ENDS = ("the run ends", "the agent stops it", "a person stops the run")
WAYS = list(product(MODES, COMMANDS, ENDS))


@pytest.mark.parametrize(
    ("mode", "name", "end"),
    [
        # Five are no divisor of the ways, so that each of them is among the quick ones.
        pytest.param(*way, marks=[pytest.mark.slow] if number % 5 else [], id=", ".join(way))
        for number, way in enumerate(WAYS)
    ],
)
async def test_nothing_of_it_outlives_its_end(
    project: Path, seconds: str, mode: str, name: str, end: str
) -> None:
    last = {
        "the run ends": [finish()],
        "the agent stops it": [calls(("stop", {"id": "bg1"})), finish()],
        "a person stops the run": [calls(shell("sleep 60"))],
    }[end]
    turns = [calls(background(COMMANDS[name].format(time=seconds))), *last]
    async with workshop(project, turns, permissions={"mode": mode}) as shop:
        run = shop.session.runs.start(Task("do it"))
        await until(lambda: sleepers(seconds), "it works", 30)
        if end == "a person stops the run":
            await until(lambda: len(shop.server.requests) == 2, "the next step", 30)
            run.stop()
        outcome = await run.wait()
        assert isinstance(outcome, Stopped if end == "a person stops the run" else Finished)
        assert not sleepers(seconds)
        by = "agent" if end == "the agent stops it" else "run"
        assert [event.by for event in shop.events(BackgroundEnded)] == [by]


async def test_the_model_is_told_once_that_one_ended(project: Path) -> None:
    command = "until [ -e go ]; do sleep 0.05; done; echo 'first line'; echo '</x> last'; exit 3"
    turns = [
        calls(background(command)),
        calls(shell("touch go; until [ -e gone ]; do sleep 0.05; done")),
        calls(shell("echo after")),
        finish(),
    ]
    async with workshop(project, turns) as shop:

        def on_event(event: object) -> None:
            if isinstance(event, BackgroundEnded):
                (project / "gone").touch()

        shop.on_event = on_event
        assert await shop.run() == Finished("done")
        (told,) = [event.text for event in shop.events(Told) if event.origin == "command"]
        assert told.startswith("The background command bg1 ended, exit status 3")
        assert told.endswith("\n> first line\n> </x> last"), "quoted, as data"
        prompts = shop.prompts()
        assert [message["content"] for message in prompts[2]].count(told) == 1
        assert [message["content"] for message in prompts[3]].count(told) == 1
        assert prompts[3][: len(prompts[2])] == prompts[2]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo no such port; exit 4", ["exit status 4", "no such port"]),
        ("no-such-program-here", ["exit status 127"]),
        ("true", ["exit status 0"]),
    ],
)
async def test_one_that_ends_at_once_says_so_at_once(
    project: Path, command: str, words: list[str]
) -> None:
    async with workshop(project, [calls(background(command)), finish()]) as shop:
        assert await shop.run() == Finished("done")
        assert all(word in results(shop)[0] for word in words)
        assert not [event for event in shop.events(Told) if event.origin == "command"]


async def test_output_comes_as_it_is_printed_and_can_be_looked_through(project: Path) -> None:
    command = (
        "echo one; echo two; until [ -e go ]; do sleep 0.05; done; echo three; "
        "until [ -e end ]; do sleep 0.05; done"
    )
    turns = [
        calls(background(command)),
        calls(output(30, "TWO")),
        calls(output()),
        calls(shell("touch go")),
        calls(output(30, "three")),
        calls(output()),
        calls(output(0, "nothing like it")),
        calls(shell("touch end")),
        calls(output(30)),
        calls(("stop", {"id": "bg1"})),
        calls(output(0, "", "bg7"), ("stop", {"id": "bg7"})),
        finish(),
    ]
    async with workshop(project, turns) as shop:
        assert await shop.run() == Finished("done")
        found = results(shop)
        assert found[1] == "bg1 runs\ntwo"
        assert found[0].count("one") + found[2].count("one") == 1, "each line once"
        assert found[5] == "bg1 runs\nthree"
        assert found[6] == "bg1 runs\n(no line contains 'nothing like it')"
        assert found[8].startswith("bg1 ended: exit status 0")
        assert found[9].startswith("bg1 ended: exit status 0")
        assert "there is no background command 'bg7'; there are: bg1" in found[10]


async def test_no_more_run_at_once_than_are_useful(project: Path, seconds: str) -> None:
    start = [calls(background(f"sleep {seconds}")) for _ in range(COMMANDS_MAX + 1)]
    again = [calls(("stop", {"id": "bg1"})), calls(background(f"sleep {seconds}"))]
    async with workshop(project, [*start, *again, finish()]) as shop:
        assert await shop.run() == Finished("done")
        refused = shop.events(ToolReturned)[COMMANDS_MAX].result
        assert refused.is_error
        assert f"{COMMANDS_MAX} commands run in the background already (bg1, " in refused.text
        assert len(shop.events(BackgroundStarted)) == COMMANDS_MAX + 1
        assert not sleepers(seconds)


@pytest.mark.parametrize(("answer", "started"), [("once", 1), ("deny", 0)])
async def test_it_is_asked_about_as_any_command(
    project: Path, answer: Answer, started: int
) -> None:
    asked: list[Question] = []

    def decide(question: Question) -> Answer:
        asked.append(question)
        return answer

    turns = [calls(background("touch a; sleep 60")), calls(output()), finish()]
    async with workshop(project, turns, answer=decide) as shop:
        await shop.run()
        assert len(asked) == len(shop.events(PermissionAsked)) == 1
        assert "touch a" in asked[0].summary
        assert asked[0].summary.endswith(" in the background")
        assert len(shop.events(BackgroundStarted)) == started


async def test_the_tools_are_the_same_in_every_request_and_plan_mode_has_none(
    project: Path,
) -> None:
    turns = [calls(background("sleep 60")), calls(("stop", {"id": "bg1"})), finish()]
    async with workshop(project, turns) as shop:
        await shop.run()
        tools = [json.dumps(request.body["tools"]) for request in shop.server.requests]
        assert len(set(tools)) == 1
        assert '"output"' in tools[0]
        await shop.run(Task("plan it", mode="plan"))
        names = {one["function"]["name"] for one in shop.server.requests[-1].body["tools"]}
        assert names.isdisjoint({"output", "stop", "shell"})


async def test_a_log_on_disk_holds_no_secret_and_has_a_bound(
    project: Path,
) -> None:
    chance = random.Random(16)
    secret = "ghp_" + "".join(chance.choices(string.ascii_letters + string.digits, k=36))
    command = (
        f"printf 'token %s' ghp_; sleep 0.1; echo {secret[4:]}; seq 200000; echo done; sleep 60"
    )
    turns = [calls(background(command)), calls(output(30, "done")), finish()]
    async with workshop(project, turns) as shop:
        await shop.run()
        folder = RunStore(shop.session.runs.store.folder).folder
        (log,) = folder.glob("*/background/bg1.log")
        text = log.read_text()
        assert text.startswith("token ")
        assert secret not in text
        assert text.rstrip().endswith("done")
        assert log.stat().st_size < 300_000
        assert log.stat().st_mode & 0o077 == 0
        assert secret not in json.dumps(shop.prompts())


async def test_what_it_changed_is_taken_back_and_what_others_did_is_not(project: Path) -> None:
    for name in ("made_by_it", "edited", "open"):
        (project / name).write_text("before\n")
    command = (
        "echo after > made_by_it; echo new > new; touch began; "
        "until [ -e go ]; do sleep 0.05; done; echo after > open; touch ended; sleep 60"
    )
    turns = [
        calls(background(command)),
        calls(("edit", {"path": "edited", "old_text": "before", "new_text": "by the edit"})),
        calls(shell("touch go; until [ -e ended ]; do sleep 0.05; done")),
        finish(),
    ]
    async with workshop(project, turns) as shop:
        shop.documents.open(project / "open", "before\n")
        assert await shop.run() == Finished("done")
        (project / "edited").write_text("before\nand mine\n")
        await shop.session.undo()
        assert (project / "made_by_it").read_text() == "before\n"
        assert not (project / "new").exists()


@pytest.mark.parametrize("mechanism", [one for one in mechanisms() if one != "seatbelt"])
async def test_in_a_sandbox_what_runs_code_on_the_persons_side_is_set_aside(
    project: Path, mechanism: str
) -> None:
    (project / ".github").mkdir()
    (project / ".github" / "old.yml").write_text("old: 1\n")
    command = (
        "mkdir .vscode; echo evil > .vscode/tasks.json; echo evil > .github/old.yml; touch began; "
        "sleep 60"
    )
    turns = [
        calls(background(command)),
        calls(("write", {"path": ".gitlab-ci.yml", "text": "mine: 1\n"})),
        calls(shell("until [ -e began ]; do sleep 0.05; done")),
        finish(),
    ]
    async with workshop(
        project,
        turns,
        answer=lambda _: "once",
        permissions={"mode": "sandboxed"},
        sandbox={"mode": mechanism},
    ) as shop:
        assert await shop.run() == Finished("done")
        assert not (project / ".vscode" / "tasks.json").exists()
        assert (project / ".github" / "old.yml").read_text() == "old: 1\n"
        assert (project / ".gitlab-ci.yml").read_text() == "mine: 1\n", "an edit that was allowed"
        (kept,) = shop.session.runs.store.folder.rglob("bg1-set-aside/**/tasks.json")
        assert kept.read_text() == "evil\n"
        assert any(".vscode" in event.message for event in shop.events(Warned))


@pytest.mark.skipif("bubblewrap" not in mechanisms(), reason="there is no bubblewrap here")
async def test_what_a_person_does_meanwhile_where_it_cannot_reach_stays(project: Path) -> None:
    workflow = project / ".github" / "old.yml"
    workflow.parent.mkdir()
    workflow.write_text("old: 1\n")
    turns = [calls(background("sleep 60")), calls(shell("touch at-work")), finish()]
    async with workshop(
        project, turns, permissions={"mode": "sandboxed"}, sandbox={"mode": "bubblewrap"}
    ) as shop:

        def on_event(event: object) -> None:
            if isinstance(event, BackgroundStarted):
                workflow.write_text("by the person\n")

        shop.on_event = on_event
        assert await shop.run() == Finished("done")
        assert workflow.read_text() == "by the person\n"


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds here")
async def test_one_that_leaves_the_sandbox_is_asked_about(project: Path) -> None:
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return "once"

    outside = {"command": "touch a; sleep 60", "background": True, "outside": "it needs all"}
    turns = [calls(("shell", outside)), finish()]
    async with workshop(project, turns, answer=answer, permissions={"mode": "sandboxed"}) as shop:
        assert await shop.run() == Finished("done")
        assert asked[0].summary.endswith(" in the background outside of the sandbox")
        assert len(shop.events(BackgroundEnded)) == 1


async def test_what_may_not_run_may_not_run_in_the_background(project: Path) -> None:
    turns = [calls(background("touch a")), finish()]
    async with workshop(project, turns, permissions={"mode": "read-only"}) as shop:
        await shop.run()
        assert shop.events(ToolReturned)[0].result.text.startswith("refused: ")
        assert not (project / "a").exists()
    async with workshop(
        project, turns, permissions={"mode": "full", "deny": ["shell(touch *)"]}
    ) as shop:
        await shop.run()
        assert shop.events(ToolReturned)[0].result.text.startswith("refused: ")
        assert not (project / "a").exists()


async def test_status_shows_what_runs(project: Path) -> None:
    turns = [calls(background("sleep 60")), calls(shell("until [ -e go ]; do sleep 0.05; done"))]
    async with workshop(project, [*turns, finish()]) as shop:
        run = shop.session.runs.start(Task("do it"))
        await until(lambda: shop.session.status().background, "it is shown", 30)
        assert shop.session.status().background == {"bg1": "sleep 60"}
        (project / "go").touch()
        await run.wait()
        assert not shop.session.status().background
        transcript = shop.session.transcript().read_text()
        assert "Background bg1 runs: $ sleep 60" in transcript
        assert "Background bg1 ended with the run" in transcript


async def test_a_run_that_goes_on_is_told_what_ended(project: Path) -> None:
    turns = [calls(background("sleep 60; echo '# not a heading'")), finish(), finish()]
    async with workshop(project, turns) as shop:
        outcome = await shop.run(Task("do it", budget=Budget(steps_max=1)))
        assert isinstance(outcome, Stopped)
        await shop.session.runs.resume().wait()
        (resumed,) = shop.events(RunResumed)
        assert "These background commands ended; start again what you need:" in resumed.note
        assert "- bg1: sleep 60" in resumed.note


async def test_a_new_cycle_knows_what_runs(project: Path) -> None:
    turns = [
        calls(background("sleep 60")),
        *(calls(shell(f"seq {n}000 {n}900")) for n in range(1, 40)),
        finish(),
    ]
    async with workshop(
        project, turns, context={"budget_tokens": 8000}, permissions={"mode": "full"}
    ) as shop:
        await shop.run()
        cycles = shop.events(CycleStarted)
        assert len(cycles) > 1
        assert "## Commands in the background\n- bg1: sleep 60" in cycles[-1].opening


async def test_a_chatty_one_holds_nothing_up(project: Path) -> None:
    turns = [calls(background("yes")), calls(shell("echo here")), finish()]
    async with workshop(project, turns) as shop:
        async with asyncio.timeout(60):
            assert await shop.run() == Finished("done")
