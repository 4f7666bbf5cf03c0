"""This module defines how a person is asked for permission: the question and the answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id, ToolName

Answer: TypeAlias = Literal["once", "always", "deny"]


@dataclass(frozen=True, slots=True)
class Question:
    """A `Question` says what would be done, in words that a person can decide on.

    `summary` is one line. `detail` is the exact operation: the command, or the diff.
    `path` is the target of a file operation, relative to the workspace. `rule` is what
    "always" would write into the user's settings, None when "always" is not on offer.
    """

    id: Id
    tool: ToolName
    summary: str
    detail: str
    path: str | None = None
    rule: str | None = None


AskPerson: TypeAlias = Callable[[Question], Awaitable[Answer]]
"""Asks a person; `deny` when no answer came in time."""


def visible(text: str) -> str:
    r"""Returns the text with control and bidi characters escaped, which could hide a part of it.

    A person decides on what is seen, so nothing may rewrite the line or its order. Line
    feeds and tabs stay.

    >>> visible("safe\u202etxt")
    'safe\\u202etxt'
    """
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in _HIDING else _escape(char)
        for char in text
    )


_HIDING = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories: control, format, private use, surrogate, line and paragraph separator."""


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
