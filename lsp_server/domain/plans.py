"""The agent's plan: items with a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

PlanStatus: TypeAlias = Literal["pending", "in_progress", "done", "dropped"]


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One intended step of work."""

    text: str
    status: PlanStatus = "pending"

    @property
    def open(self) -> bool:
        return self.status in ("pending", "in_progress")
