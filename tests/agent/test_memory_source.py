"""What memory adds to an opening, and what its failures cost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from lsp_server.agent import memory_source
from lsp_server.agent.memory_source import MemoryItem, choose_items
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.events import Event, Warned


def fact(name: str, score: float = 1.0) -> MemoryItem:
    return MemoryItem(name, "fact", name, f"{name} is known", score)


def code(name: str, path: str, score: float = 1.0) -> MemoryItem:
    return MemoryItem(name, "code", f"{path}:7-8", "def f():\n    pass", score, path, 7)


def action(name: str, score: float = 1.0) -> MemoryItem:
    return MemoryItem(name, "action", f"$ {name}", "exit status 0\nfine", score)


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("offered", "tokens_max", "taken", "left_out"),
    [
        ([], 100, [], []),
        ([fact("f")], 100, ["f"], []),
        ([fact("f")], 2, [], ["f"]),
        ([action(str(n), n) for n in range(5)], 100, ["4", "3", "2"], ["1", "0"]),
        (
            [code("a", "x"), code("b", "x", 3), code("c", "x", 2), code("d", "y", 0)],
            100,
            ["b", "c", "d"],
            ["a"],
        ),
        ([action("a"), code("c", "x"), fact("f")], 100, ["f", "c", "a"], []),
        ([action("a", 9), code("c", "x"), fact("f")], 12, ["f", "c"], ["a"]),
    ],
)
def test_the_best_of_each_kind_go_in_as_far_as_there_is_room(
    offered: list[MemoryItem], tokens_max: int, taken: list[str], left_out: list[str]
) -> None:
    chosen = choose_items(offered, tokens_max, words)
    assert [portion.id for portion in chosen.taken] == taken
    assert [portion.id for portion in chosen.left_out] == left_out
    assert sum(portion.tokens for portion in chosen.taken) <= tokens_max
    assert bool(chosen.text) == bool(taken)


def test_code_has_the_numbers_of_its_lines_and_an_action_its_id() -> None:
    text = choose_items([code("c", "src/a.py"), action("pytest")], 100, words).text
    assert "`src/a.py:7-8`\n```\n7\tdef f():\n8\t    pass\n```" in text
    assert "- `$ pytest: exit status 0 fine` (`pytest`)" in text


FACT = MemoryItem("b", "fact", "Never on a Friday", "Never on a Friday", 1.0)


class Failing:
    opens_soon = False

    async def project_facts(self) -> Sequence[MemoryItem]:
        return [FACT]

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def relevant_to(
        self, about: str, files: Sequence[str], tokens_max: int
    ) -> Sequence[MemoryItem]:
        raise self._error


class Silent:
    opens_soon = False

    async def project_facts(self) -> Sequence[MemoryItem]:
        return [FACT]

    async def relevant_to(
        self, about: str, files: Sequence[str], tokens_max: int
    ) -> Sequence[MemoryItem]:
        await asyncio.get_running_loop().create_future()
        return ()


@pytest.mark.parametrize(
    ("memory", "told"),
    [
        (Failing(MemoryUnavailable("the table is locked")), "the table is locked"),
        (Failing(OSError("gone")), "gone"),
        (Failing(ZeroDivisionError("oops")), "ZeroDivisionError"),
        (Silent(), "did not answer within"),
    ],
)
async def test_memory_that_fails_is_a_warning_and_the_facts_of_the_project_stay(
    memory: memory_source.MemorySource, told: str
) -> None:
    events: list[Event] = []
    offered = await memory_source.ask_memory(memory, "", (), 9, events.append, seconds_max=0.01)
    assert offered == [FACT]
    (warned,) = events
    assert isinstance(warned, Warned)
    assert told in warned.message
