"""The pieces of which a prompt is put together, for the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

PromptSectionKind: TypeAlias = Literal["system", "task", "state", "fact", "code", "action", "tail"]


@dataclass(frozen=True, slots=True)
class PromptSection:
    """A piece of what a cycle begins with; `tokens` is an estimate.

    `id` is a section's title, or the id by which memory knows it.
    """

    kind: PromptSectionKind
    id: str
    tokens: int


@dataclass(frozen=True, slots=True)
class PromptParts:
    """A text that goes into a prompt, and the receipt of it."""

    text: str = ""
    taken: tuple[PromptSection, ...] = ()
    left_out: tuple[PromptSection, ...] = ()
