"""This module defines the Events by which a run goes on from an earlier step, its own or another run's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.messages import RoleSpending, Usage
from lsp_server.domain.tasks import RunId


@dataclass(frozen=True, slots=True)
class Rewound:
    """A person took the run back to the end of `step`; what came after it counts no more.

    0 is the beginning of the run. The totals are what had been spent by then, which stays spent.
    """

    step: int
    usage: Usage
    billed: Usage
    cost_usd: float
    roles: tuple[RoleSpending, ...] = ()
    kind: Literal["rewound"] = "rewound"


@dataclass(frozen=True, slots=True)
class Forked:
    """The run goes on from the end of `step` of the run `origin`, whose Events come before this one."""

    origin: RunId
    step: int
    kind: Literal["forked"] = "forked"
