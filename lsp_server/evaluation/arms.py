"""This module has the arms: what an evaluation compares, as settings over the person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from lsp_server.domain.errors import ConfigurationError

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Arm:
    """An `Arm` is one way to work on every task: `sections` are settings above the person's own.

    `attempts` is the number of whole runs of which the best is taken.
    """

    name: str
    description: str
    sections: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 1


ARMS: Mapping[str, Arm] = MappingProxyType(
    {
        arm.name: arm
        for arm in (
            Arm("single", "one answer a step", {"max_mode": {"enabled": False}}),
            Arm("max", "Max Mode at every step", {"max_mode": {"enabled": True}}),
            Arm(
                "gated",
                "Max Mode where a step would change something or the last one failed",
                {"max_mode": {"enabled": True, "strategy": "gated"}},
            ),
            Arm(
                "attempts",
                "several whole runs, of which the best is taken",
                {"max_mode": {"enabled": False}},
                ATTEMPTS,
            ),
        )
    }
)


def arms_named(names: Sequence[str], attempts: int = ATTEMPTS) -> tuple[Arm, ...]:
    """Returns the arms with these names, in their order, each once.

    Raises ConfigurationError for a name that is none, and for no name at all.

    >>> [arm.attempts for arm in arms_named(["single", "attempts"], attempts=5)]
    [1, 5]
    """
    wanted = [name.strip() for name in names if name.strip()]
    known = ", ".join(ARMS)
    for name in wanted:
        if name not in ARMS:
            raise ConfigurationError(f"{name!r} is no arm; known are: {known}")
    if not wanted:
        raise ConfigurationError(f"no arm is named; known are: {known}")
    arms = (ARMS[name] for name in dict.fromkeys(wanted))
    return tuple(replace(arm, attempts=attempts) if arm.attempts > 1 else arm for arm in arms)
