"""This module is what a probe finds: abilities of an endpoint, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.messages import Usage

Answer: TypeAlias = Literal["yes", "partly", "no", "unknown"]
Role: TypeAlias = Literal["worker", "judge", "cheap"]


@dataclass(frozen=True, slots=True)
class AbilityFinding:
    """An `AbilityFinding` says whether an endpoint has an ability, and what shows it.

    `advice` is what that means for the settings, empty where it means nothing.
    """

    ability: str
    answer: Answer
    evidence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """A `ProbeReport` is all that was found at one endpoint, and what it took.

    `needed` are the abilities without which the role does not work.
    """

    role: Role
    model: str
    address: str
    wire: str
    findings: tuple[AbilityFinding, ...]
    requests: int
    billed: Usage
    cost_usd: float
    seconds: float
    needed: frozenset[str]

    @property
    def missing(self) -> tuple[str, ...]:
        """Returns the needed abilities that were not shown."""
        shown = {each.ability for each in self.findings if each.answer in ("yes", "partly")}
        return tuple(sorted(self.needed - shown))
