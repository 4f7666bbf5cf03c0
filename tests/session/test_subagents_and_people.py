"""Subagents as people and limits meet them: stops, closed sessions, questions, messages, time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.child_events import ChildEnded
from lsp_server.domain.events import Event, SnapshotTaken, Told, ToolReturned
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.tasks import Budget, RunId, Task
from tests.fakes.cast import cast, delegates
from tests.harness.workshop import Workshop, calls, workshop

WAITS = calls(("shell", {"command": "sleep 100"}))
TWO_WAIT = cast(parent=[delegates("alpha", "beta", mode="build")], alpha=[WAITS], beta=[WAITS])
READ = calls(("read", {"path": "a.txt"}))


def once(kind: type[Event], do: Callable[[], object]) -> Callable[[Event], None]:
    """Does something when the first Event of a kind comes."""
    done: list[object] = []

    def see(event: Event) -> None:
        if isinstance(event, kind) and not done:
            done.append(event)
            do()

    return see


def child(shop: Workshop) -> RunId:
    return next(iter(shop.session.runs.at_work.children)).run_id


def states(shop: Workshop) -> set[str]:
    return {one.state for one in shop.session.runs.list() if one.parent_id}


async def test_the_time_of_a_run_is_that_of_its_subagents(project: Path) -> None:
    async with workshop(project, TWO_WAIT) as shop:
        task = Task("parent", budget=Budget(wall_seconds_max=2.0))
        outcome = await asyncio.wait_for(shop.run(task), 30)
        assert outcome.outcome == "stopped"
        assert states(shop) == {"stopped"}
        assert not shop.session.runs.at_work


async def test_a_session_that_closes_ends_subagents_and_keeps_what_they_did(project: Path) -> None:
    async with workshop(project, TWO_WAIT) as shop:
        begun = asyncio.Event()
        shop.on_event = once(SnapshotTaken, begun.set)
        run = shop.session.runs.start(Task("parent"))
        await asyncio.wait_for(begun.wait(), 30)
        await asyncio.wait_for(shop.session.close(), 20)
        assert (await run.wait()).outcome == "stopped"
        assert len(shop.events(ChildEnded)) == 2
        assert states(shop) == {"stopped"}


async def test_a_question_of_a_subagent_is_withdrawn_with_its_run(project: Path) -> None:
    turns = cast(
        parent=[delegates("alpha", mode="build")],
        alpha=[calls(("write", {"path": "made.txt", "text": "x"}))],
    )
    allowed: dict[str, Any] = {"mode": "ask", "allow": ["task"]}
    async with workshop(project, turns, permissions=allowed) as shop:
        shop.on_event = once(PermissionAsked, shop.session.runs.stop)
        outcome = await asyncio.wait_for(shop.run("parent"), 30)
        assert outcome.outcome == "stopped"
        assert [event.by for event in shop.events(PermissionAnswered)] == ["stop"]
        assert not shop.session.permissions.pending()
        assert not (project / "made.txt").exists()


async def test_a_person_can_speak_to_a_subagent(project: Path) -> None:
    (project / "a.txt").write_text("x\n")
    turns = cast(parent=[delegates("alpha")], alpha=[READ, READ])
    async with workshop(project, turns) as shop:
        shop.on_event = once(
            ToolReturned, lambda: shop.session.runs.send(child(shop), "Mind port 4812.", "steer")
        )
        await shop.run("parent")
        assert [event.text for event in shop.events(Told)] == ["Mind port 4812."]
        (heard,) = {
            str(prompt[1]["content"]).split()[0]
            for prompt in shop.prompts()
            if any("4812" in str(message["content"]) for message in prompt)
        }
        assert heard == "alpha"


@pytest.mark.parametrize("which", ["parent", "child"])
async def test_a_run_that_is_at_work_is_not_resumed_or_undone(project: Path, which: str) -> None:
    errors: list[str] = []

    async with workshop(project, TWO_WAIT) as shop:

        async def try_both() -> None:
            run_id = child(shop)
            named = run_id if which == "child" else RunId(run_id.partition(".")[0])
            for attempt in (shop.session.undo, _resume(shop)):
                try:
                    await attempt(named)
                except Exception as error:  # noqa: BLE001 - which one is what is looked at
                    errors.append(type(error).__name__)
            shop.session.runs.stop()

        tried: list[asyncio.Task[None]] = []
        shop.on_event = once(SnapshotTaken, lambda: tried.append(asyncio.ensure_future(try_both())))
        await asyncio.wait_for(shop.run("parent"), 30)
        await tried[0]
        assert errors == ["RunBusy", "RunBusy"]


def _resume(shop: Workshop) -> Any:
    async def resume(run_id: RunId) -> None:
        shop.session.runs.resume(run_id)

    return resume
