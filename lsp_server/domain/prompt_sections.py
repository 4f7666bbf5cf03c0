"""This module defines the sections of which a prompt is composed, so that they can be listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

PromptSectionKind: TypeAlias = Literal[
    "system", "task", "state", "topic", "fact", "code", "action", "tail"
]


@dataclass(frozen=True, slots=True)
class PromptSection:
    """A `PromptSection` is a part of the prompt that a cycle begins with.

    `id` is the section's title, or the id by which memory knows it. `tokens` is an
    estimate of its size.
    """

    kind: PromptSectionKind
    id: str
    tokens: int


@dataclass(frozen=True, slots=True)
class PromptParts:
    """A `PromptParts` is a text for a prompt, with the sections it has and those left out."""

    text: str = ""
    taken: tuple[PromptSection, ...] = ()
    left_out: tuple[PromptSection, ...] = ()
