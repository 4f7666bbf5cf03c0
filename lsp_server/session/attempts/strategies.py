"""This module says what tells the attempts at one task from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lsp_server.domain.tasks import Attempts, Budget, Task


@dataclass(frozen=True, slots=True)
class Strategy:
    """A `Strategy` is a hint that follows the task, and the temperature of the answers.

    Without a hint the task is as a person gave it; None leaves the temperature as it is set.
    """

    hint: str = ""
    temperature: float | None = None


STRATEGIES = (
    Strategy(),
    Strategy(
        "Find the cause first, and show it with a command or a test before you change anything.",
        0.7,
    ),
    Strategy("Look for the smallest change that is enough, and make no other.", 1.0),
    Strategy("Write a test that fails, or a check of your own, before the change.", 0.4),
    Strategy("Look how this project does something like it already, and do it that way.", 1.0),
    Strategy("Think of two different designs, and take the one that its maintainers would.", 0.7),
    Strategy("Begin with the cases at the edge: what is empty, large, concurrent, or fails.", 1.0),
    Strategy("Begin at what has to hold in the end, and work backwards from there.", 0.4),
)
"""By number, the first for the attempt that is as a single run would be."""


def strategy_of(number: int) -> Strategy:
    """Returns the strategy of an attempt, whose number counts from 1."""
    return STRATEGIES[(number - 1) % len(STRATEGIES)]


def task_of_attempt(task: Task, said: Sequence[str], number: int, budget: Budget) -> Task:
    """Returns the task of one attempt; `said` are messages of a person since the task was given.

    >>> task = Task("Fix the parser.", attempts=Attempts(3))
    >>> task_of_attempt(task, [], 1, Budget(10)).instruction
    'Fix the parser.'
    """
    strategy = strategy_of(number)
    return replace(
        task,
        instruction="\n\n".join(filter(None, [task.instruction, *said, strategy.hint])),
        attempts=Attempts(),
        temperature=strategy.temperature,
        budget=budget,
    )
