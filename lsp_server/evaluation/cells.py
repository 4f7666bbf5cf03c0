"""This module says what a cell is, and what came of one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

CellStatus: TypeAlias = Literal["solved", "unsolved", "error"]
"""`error`: the cell says nothing of the agent, as where the endpoint was gone."""

SOLVED_REWARD = 1.0
"""A task is solved when its tests give this much."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A `Cell` is one task, worked on once under one arm. `repeat` counts from 1.

    `digest` stands for all that could change what comes of it: the task's files, the
    settings, the version.
    """

    task: str
    arm: str
    repeat: int
    digest: str

    @property
    def name(self) -> str:
        """Returns the name of the cell's folder, as in `dates-1.single.1`."""
        task = re.sub(r"[^\w.-]", "_", self.task)
        if task != self.task:
            task += "-" + hashlib.sha256(self.task.encode()).hexdigest()[:8]
        return f"{task}.{self.arm}.{self.repeat}"


@dataclass(frozen=True, slots=True)
class CellResult:
    """A `CellResult` is what came of a cell, as a line of the results has it.

    `outcome` is how the run ended and `said` what it said; both are empty where it never
    began. `reward` is what the tests gave, None without any. Tokens and `cost_usd` are all
    that was billed. `seconds` are those of the run, `tests_seconds` those of its tests.
    `why` says in a sentence why the cell is an error, or what is to be known of it.
    """

    cell: Cell
    status: CellStatus
    outcome: str = ""
    said: str = ""
    reward: float | None = None
    steps: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    tests_seconds: float = 0.0
    model: str = ""
    sandbox: str = ""
    ended_at: str = ""
    why: str = ""
    patch: str = field(default="", repr=False)

    @property
    def tokens(self) -> int:
        """Returns all tokens, cached ones in full."""
        return self.prompt_tokens + self.completion_tokens
