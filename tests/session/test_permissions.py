from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.edits import Document, EditSet
from lsp_server.domain.events import Event
from lsp_server.domain.goals import Finding
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.permissions import Answer, Answered, Question
from lsp_server.domain.tasks import RunId
from lsp_server.session.permissions import Permissions
from tests.harness.expectation import until

RUN = RunId("run")


class Prompting:
    """An editor whose prompts stay open until the test answers them."""

    def __init__(self) -> None:
        self.open: dict[str, asyncio.Future[Answered | None]] = {}
        self.withdrawn: list[str] = []

    async def confirm(self, question: Question) -> Answered | None:
        self.open[question.id] = asyncio.get_running_loop().create_future()
        try:
            return await self.open[question.id]
        except asyncio.CancelledError:
            self.withdrawn.append(question.id)
            raise
        finally:
            del self.open[question.id]

    async def read(self, path: Path) -> Document:
        raise NotImplementedError

    async def apply(self, edits: EditSet) -> None:
        raise NotImplementedError

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        raise NotImplementedError


class Desk:
    """Permissions with their editor and all that they said."""

    def __init__(self) -> None:
        self.editor = Prompting()
        self.remembered: list[str] = []
        self.events: list[Event] = []
        self.permissions = Permissions(self.editor, self._remember)

    def _remember(self, rule: str, everywhere: bool) -> str:
        self.remembered.append(f"{rule} everywhere" if everywhere else rule)
        return f"added {rule}"

    def ask(
        self,
        name: str,
        seconds: float = 5.0,
        rule: str | None = None,
        general: bool = False,
        offers_sandbox: bool = False,
    ) -> asyncio.Task[Answer]:
        question = Question(
            name,
            "shell",
            f"run {name}",
            name,
            rule=rule,
            run_rule=rule,
            general=general,
            offers_sandbox=offers_sandbox,
        )
        return asyncio.create_task(self._answer_to(question, seconds))

    async def _answer_to(self, question: Question, seconds: float) -> Answer:
        return (await self.permissions.ask(RUN, question, self.events.append, seconds)).answer

    def settled(self) -> list[tuple[str, str]]:
        return [(e.answer, e.by) for e in self.events if isinstance(e, PermissionAnswered)]


async def test_the_command_and_the_prompt_are_equal_doors() -> None:
    desk = Desk()
    by_command = desk.ask("a")
    await until(lambda: desk.editor.open, "a prompt")
    assert desk.permissions.answer("a", "once")
    assert await by_command == "once"
    await until(lambda: desk.editor.withdrawn == ["a"], "the prompt is withdrawn")

    by_prompt = desk.ask("b")
    await until(lambda: "b" in desk.editor.open, "a prompt")
    desk.editor.open["b"].set_result(Answered("deny"))
    assert await by_prompt == "deny"
    assert desk.settled() == [("once", "person"), ("deny", "person")]


async def test_a_dismissed_prompt_leaves_the_question_open() -> None:
    desk = Desk()
    asked = desk.ask("a")
    await until(lambda: desk.editor.open, "a prompt")
    desk.editor.open["a"].set_result(None)
    await until(lambda: not desk.editor.open, "the prompt is gone")
    assert [pending.question.id for pending in desk.permissions.pending()] == ["a"]
    desk.permissions.answer("a", "once")
    assert await asked == "once"


async def test_expiry_denies() -> None:
    desk = Desk()
    assert await desk.ask("a", seconds=0.05) == "deny"
    assert desk.settled() == [("deny", "expiry")]
    assert desk.permissions.pending() == ()


async def test_the_first_answer_wins() -> None:
    desk = Desk()
    asked = desk.ask("a")
    await until(desk.permissions.pending, "a question")
    assert desk.permissions.answer("a", "deny")
    assert not desk.permissions.answer("a", "once")
    assert await asked == "deny"
    assert not desk.permissions.answer("a", "once")
    assert not desk.permissions.answer("unknown", "once")


async def test_one_prompt_at_a_time_but_all_are_pending() -> None:
    desk = Desk()
    asked = [desk.ask(name) for name in "abc"]
    await until(lambda: len(desk.permissions.pending()) == 3, "three questions")
    await until(lambda: desk.editor.open, "a prompt")
    assert list(desk.editor.open) == ["a"]
    desk.editor.open["a"].set_result(Answered("once"))
    await until(lambda: list(desk.editor.open) == ["b"], "the next prompt")
    desk.permissions.answer("c", "once")
    desk.permissions.answer("b", "once")
    assert [await each for each in asked] == ["once"] * 3
    await until(lambda: not desk.editor.open, "no prompt is left")


async def test_a_stop_withdraws_the_question() -> None:
    desk = Desk()
    asked = desk.ask("a")
    await until(lambda: desk.editor.open, "a prompt")
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await until(lambda: desk.editor.withdrawn == ["a"], "the prompt is withdrawn")
    assert desk.settled() == [("deny", "stop")]
    assert desk.permissions.pending() == ()


async def test_always_is_remembered_and_not_asked_again() -> None:
    desk = Desk()
    asked = desk.ask("a", rule="shell(pytest *)")
    await until(desk.permissions.pending, "a question")
    desk.permissions.answer("a", "always")
    assert await asked == "always"
    assert desk.remembered == ["shell(pytest *)"]
    assert await desk.ask("b", rule="shell(pytest *)") == "always"
    assert sum(isinstance(event, PermissionAsked) for event in desk.events) == 1


@pytest.mark.parametrize(
    ("offers", "given", "taken"),
    [
        ({"rule": "shell(make)"}, "run", "run"),
        ({"rule": "shell(make)", "general": True}, "everywhere", "everywhere"),
        # A yes to more than is on offer is one to the call alone.
        ({}, "run", "once"),
        ({}, "always", "once"),
        ({"rule": "shell(./a)"}, "everywhere", "once"),
        ({"offers_sandbox": True}, "sandboxed", "sandboxed"),
    ],
)
async def test_an_answer_is_worth_what_the_question_offers(
    offers: dict[str, Any], given: Answer, taken: Answer
) -> None:
    desk = Desk()
    asked = desk.ask("a", **offers)
    await until(desk.permissions.pending, "a question")
    assert desk.permissions.answer("a", given)
    assert await asked == taken
    assert desk.remembered == (["shell(make) everywhere"] if taken == "everywhere" else [])


async def test_the_sandbox_is_no_answer_where_it_is_not_on_offer() -> None:
    desk = Desk()
    asked = desk.ask("a")
    await until(desk.permissions.pending, "a question")
    assert not desk.permissions.answer("a", "sandboxed")
    assert desk.permissions.answer("a", "deny", "use the mirror")
    assert await asked == "deny"
    answers = [event for event in desk.events if isinstance(event, PermissionAnswered)]
    assert [event.reason for event in answers] == ["use the mirror"]
