"""This module defines the agent's plan: a tree of items, each with a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

PlanStatus: TypeAlias = Literal["pending", "in_progress", "done", "dropped"]

MARKS: Mapping[PlanStatus, str] = {"pending": " ", "in_progress": ">", "done": "x", "dropped": "-"}


@dataclass(frozen=True, slots=True)
class PlanItem:
    """A `PlanItem` is a piece of work; `items` are the pieces that it is made of."""

    text: str
    status: PlanStatus = "pending"
    items: tuple[PlanItem, ...] = ()

    @property
    def open(self) -> bool:
        """Says whether the item is still to be done."""
        return self.status in ("pending", "in_progress")


def walk(items: Iterable[PlanItem], depth: int = 0) -> Iterator[tuple[int, PlanItem]]:
    """Yields every item from the top down, each with its depth: `depth` for those given.

    >>> tree = [PlanItem("parser", "in_progress", (PlanItem("tests", "done"),))]
    >>> [(depth, item.text) for depth, item in walk(tree)]
    [(0, 'parser'), (1, 'tests')]
    """
    for item in items:
        yield depth, item
        yield from walk(item.items, depth + 1)


def outline(items: Iterable[PlanItem], bullet: str = "") -> list[str]:
    """Returns a line for each item, parts indented below it; `bullet` precedes the box.

    >>> outline([PlanItem("parser", "in_progress", (PlanItem("tests", "done"),))])
    ['[>] parser', '  [x] tests']
    """
    return [
        f"{'  ' * depth}{bullet}[{MARKS[item.status]}] {item.text}" for depth, item in walk(items)
    ]


def progress(items: Iterable[PlanItem]) -> str:
    """Says in one line how far the plan is, and what is being done.

    Items with parts are not counted, only their parts; dropped ones count as done.

    >>> progress([PlanItem("tests", "done"), PlanItem("fix the parser", "in_progress")])
    '1 of 2 done: fix the parser'
    """
    steps = [item for _, item in walk(items) if not item.items]
    done = sum(not item.open for item in steps)
    doing = [item.text for _, item in walk(items) if item.status == "in_progress"][-1:]
    return f"{done} of {len(steps)} done" + "".join(f": {text}" for text in doing)
