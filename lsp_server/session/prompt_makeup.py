"""This module says of what the last prompt of a run is made, in tokens.

The parts of a cycle's beginning are in its `CyclePacked`; all that came since is the tail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from lsp_server.domain.events import CyclePacked, CycleStarted, Event, ModelAnswered
from lsp_server.domain.messages import Usage
from lsp_server.domain.prompt_sections import PromptSection, PromptSectionKind

PromptPart: TypeAlias = Literal["system", "tools", "task", "state", "recall", "tail"]

_PARTS: Mapping[PromptSectionKind, PromptPart] = {
    "system": "system",
    "task": "task",
    "state": "state",
    "topic": "state",
    "fact": "recall",
    "code": "recall",
    "action": "recall",
    "tail": "tail",
}


@dataclass(frozen=True, slots=True)
class AnsweredStep:
    """An `AnsweredStep` is what one answer of a run took, in tokens.

    `usage` is that of the answer in the conversation, `billed` of all that was asked to get it.
    """

    cycle: int
    usage: Usage
    billed: Usage


@dataclass(frozen=True, slots=True)
class PromptMakeup:
    """A `PromptMakeup` is the last prompt of a run by its parts, with the steps that led to it.

    `parts` has the tokens of each part. Their sum is what the endpoint counted, where it counts;
    the shares of the parts that a cycle begins with are estimates.
    `limit_tokens` is the size at which the next cycle begins; `recalled` what memory gave to this
    one, and `left_out` how much found no room. `cycle` counts from 1, and is 0 for a run that
    has no prompt: its work is that of its children.
    """

    cycle: int
    limit_tokens: int
    parts: Mapping[PromptPart, int]
    recalled: tuple[PromptSection, ...]
    left_out: int
    steps: tuple[AnsweredStep, ...]

    @property
    def tokens(self) -> int:
        """Returns the size of the whole prompt."""
        return sum(self.parts.values())

    @property
    def fixed_tokens(self) -> int:
        """Returns the size of what begins every prompt alike: system prompt and tools."""
        return self.parts["system"] + self.parts["tools"]


def prompt_makeup(events: Iterable[Event]) -> PromptMakeup:
    """Folds the Events of a run that count."""
    cycle = 0
    packed: list[CyclePacked] = []
    steps: list[AnsweredStep] = []
    for event in events:
        match event:
            case CycleStarted():
                cycle, packed = event.number, []
            case CyclePacked():
                packed.append(event)
            case ModelAnswered():
                steps.append(AnsweredStep(cycle, event.usage, event.billed))
            case _:
                pass
    taken = [section for event in packed for section in event.taken]
    return PromptMakeup(
        cycle,
        packed[-1].budget_tokens if packed else 0,
        _parts(packed, [step.usage.prompt_tokens for step in steps if step.cycle == cycle]),
        tuple(section for section in taken if _part(section) == "recall"),
        sum(len(event.left_out) for event in packed),
        tuple(steps),
    )


def _parts(packed: Sequence[CyclePacked], prompts: Sequence[int]) -> Mapping[PromptPart, int]:
    """Returns the tokens of each part; `prompts` are the endpoint's counts in this cycle."""
    parts: dict[PromptPart, int] = dict.fromkeys(get_args(PromptPart), 0)
    for section in (section for event in packed for section in event.taken):
        parts[_part(section)] += section.tokens
    estimated = sum(section.tokens for section in packed[0].taken) if packed else 0
    if not prompts or not prompts[0] or not estimated:
        return parts
    # The sections are estimates; what the endpoint counted first in the cycle is all of them.
    factor = prompts[0] / estimated
    sized: dict[PromptPart, int] = {part: round(factor * size) for part, size in parts.items()}
    sized["tail"] = 0
    sized["tail"] = max(0, prompts[-1] - sum(sized.values()))
    return sized


def _part(section: PromptSection) -> PromptPart:
    is_tools = section.kind == "system" and section.id == "tools"
    return "tools" if is_tools else _PARTS[section.kind]
