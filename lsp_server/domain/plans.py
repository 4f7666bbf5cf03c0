"""The agent's plan: a tree of items, each with a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

PlanStatus: TypeAlias = Literal["pending", "in_progress", "done", "dropped"]

MARKS: Mapping[PlanStatus, str] = {"pending": " ", "in_progress": ">", "done": "x", "dropped": "-"}


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One intended piece of work, and the pieces that it is made of."""

    text: str
    status: PlanStatus = "pending"
    items: tuple[PlanItem, ...] = ()

    @property
    def open(self) -> bool:
        return self.status in ("pending", "in_progress")


def walk(items: Iterable[PlanItem], depth: int = 0) -> Iterator[tuple[int, PlanItem]]:
    """Every item from the top down, with how deep it lies."""
    for item in items:
        yield depth, item
        yield from walk(item.items, depth + 1)


def outline(items: Iterable[PlanItem], bullet: str = "") -> list[str]:
    """A line for each item, as in `[x] done` and, below another one, `  [ ] pending`."""
    return [
        f"{'  ' * depth}{bullet}[{MARKS[item.status]}] {item.text}" for depth, item in walk(items)
    ]


def progress(items: Iterable[PlanItem]) -> str:
    """How far it is and what is being done, as in `2 of 5 done: mend the parser`."""
    steps = [item for _, item in walk(items) if not item.items]
    done = sum(not item.open for item in steps)
    doing = [item.text for _, item in walk(items) if item.status == "in_progress"][-1:]
    return f"{done} of {len(steps)} done" + "".join(f": {text}" for text in doing)
