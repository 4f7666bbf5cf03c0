"""Permission to act: the question to a person, and the answer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id, ToolName

Answer: TypeAlias = Literal["once", "always", "deny"]


@dataclass(frozen=True, slots=True)
class Question:
    """What would be done, in words that a person can decide on.

    `detail` is the exact operation: the command, or the diff. `path` is the
    workspace-relative target of a file operation. `rule` is what "always" would
    write into the user's settings, None when "always" is not on offer.
    """

    id: Id
    tool: ToolName
    summary: str
    detail: str
    path: str | None = None
    rule: str | None = None


def visible(text: str) -> str:
    """The text with what could hide a part of it made visible: control and bidi characters.

    A person decides on what is seen, so nothing may rewrite the line or its order.
    """
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in _HIDING else _escaped(char)
        for char in text
    )


_HIDING = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
