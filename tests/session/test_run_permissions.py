"""What a person allows a run: it holds in all that the run began, at once, and after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import Event, ToolReturned
from lsp_server.domain.permission_events import PermissionAsked, PermissionsChanged
from lsp_server.domain.permissions import Answer, PermissionMode, Question
from lsp_server.domain.tasks import Mode, Task
from lsp_server.session.permission_mode import switch_mode
from tests.fakes.cast import cast, delegates
from tests.harness.workshop import Workshop, calls, workshop

SUBAGENTS: dict[str, Any] = {"allow": ["task"]}


def writes(*names: str) -> list[Any]:
    """A turn for each of the files that are written."""
    return [calls(("write", {"path": name, "text": "x\n"})) for name in names]


THREE = cast(
    parent=[delegates("alpha", "beta", mode="build"), *writes("parent.txt")],
    alpha=writes("src/a1.txt", "src/a2.txt"),
    beta=writes("lib/b1.txt", "lib/b2.txt"),
)


def first(kind: type[Event], do: Callable[[], object]) -> Callable[[Event], None]:
    """Does something when the first Event of a kind comes."""
    done: list[Event] = []

    def see(event: Event) -> None:
        if isinstance(event, kind):
            done.append(event)
            if len(done) == 1:
                do()

    return see


def failed(shop: Workshop) -> list[str]:
    return [each.result.text for each in shop.events(ToolReturned) if each.result.is_error]


async def test_a_yes_for_this_run_holds_in_the_run_and_all_its_subagents(project: Path) -> None:
    answers: list[Answer] = []

    def answer(_: Question) -> Answer:
        answers.append("run")
        return "run"

    async with workshop(project, THREE, answer=answer, permissions=SUBAGENTS) as shop:
        await asyncio.wait_for(shop.run("parent"), 60)
        assert len(answers) == 1
        # The other child may have asked before that was answered.
        assert len(shop.events(PermissionAsked)) <= 2
        assert [event.rule for event in shop.events(PermissionsChanged)] == ["edit"]
        assert not failed(shop)
        assert (project / "parent.txt").exists()


async def test_a_switch_of_the_mode_lets_go_what_it_frees(project: Path) -> None:
    switched: list[asyncio.Task[Any]] = []
    async with workshop(project, THREE, permissions={"mode": "ask", **SUBAGENTS}) as shop:
        runs = shop.session.runs

        def switch() -> None:
            switched.append(asyncio.ensure_future(switch_mode(runs, None, "auto-edit")))

        shop.on_event = first(PermissionAsked, switch)
        await asyncio.wait_for(shop.run("parent"), 60)
        await switched[0]
        assert not failed(shop)
        assert len(shop.events(PermissionAsked)) <= 2
        assert (project / "lib/b2.txt").exists()


async def test_the_mode_of_a_run_is_kept_when_it_goes_on(project: Path) -> None:
    turns = cast(parent=writes("a.txt"))
    async with workshop(project, turns, permissions={"mode": "ask"}) as shop:
        runs = shop.session.runs
        shop.on_event = first(PermissionAsked, runs.stop)
        run = runs.start(Task("parent"), permissions="auto-edit")
        assert run.summary().permissions == "auto-edit"
        await run.wait()
        assert not shop.events(PermissionAsked)
        again = runs.send(run.run_id, "parent goes on", "steer")
        assert again.summary().permissions == "auto-edit"
        await again.wait()


async def test_a_run_can_be_made_to_ask_again(project: Path) -> None:
    turns = cast(parent=writes("a.txt", "b.txt"))
    switched: list[asyncio.Task[Any]] = []
    asked: list[str] = []

    def answer(question: Question) -> Answer:
        asked.append(question.summary)
        return "once"

    async with workshop(project, turns, answer=answer, permissions={"mode": "full"}) as shop:

        def switch() -> None:
            switched.append(asyncio.ensure_future(switch_mode(shop.session.runs, None, "ask")))

        shop.on_event = first(ToolReturned, switch)
        await shop.run("parent")
        assert asked == ["write b.txt"]


@pytest.mark.parametrize(
    ("settings", "task_mode", "mode", "said"),
    [
        ("read-only", "build", "full", "permissions.mode is read-only"),
        ("ask", "plan", "auto-edit", "it only plans"),
    ],
)
async def test_what_may_change_nothing_cannot_be_freed(
    project: Path, settings: PermissionMode, task_mode: Mode, mode: PermissionMode, said: str
) -> None:
    turns = cast(parent=[calls(("read", {"path": "a.txt"}))])
    async with workshop(project, turns, permissions={"mode": settings}) as shop:
        run = shop.session.runs.start(Task("parent", mode=task_mode))
        with pytest.raises(ConfigurationError, match=said):
            await switch_mode(shop.session.runs, run.run_id, mode)
        await run.wait()
        assert not shop.events(PermissionsChanged)
