"""Permission to act: the question to a person, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Answer: TypeAlias = Literal["once", "always", "deny"]


@dataclass(frozen=True, slots=True)
class Question:
    """What would be done, in words that a person can decide on.

    `detail` is the exact operation: the command, or the diff. `path` is the
    workspace-relative target of a file operation. `rule` is what "always" would
    write into the user's settings, None when "always" is not on offer.
    """

    id: str
    tool: str
    summary: str
    detail: str
    path: str | None = None
    rule: str | None = None
