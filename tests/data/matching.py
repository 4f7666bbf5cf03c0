"""Texts that a regular expression matches, drawn by chance."""

from __future__ import annotations

import random
import re
import string
import sys
from collections.abc import Iterable
from typing import Any

_parser: Any = sys.modules["re"]._parser
_DRAWN = string.ascii_letters + string.digits + "-_/+=. "
_CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}
REPEATED_MAX = 4
"""More often than needed."""


def matching(pattern: str, chance: random.Random) -> str:
    """A text for an expression; what it looks for before and behind itself is left out."""
    return _Text(chance).of(_parser.parse(pattern, re.ASCII))


def is_bounded(pattern: str) -> bool:
    """Whether no text that it matches is endless."""
    return bool(_parser.parse(pattern, re.ASCII).getwidth()[1] < _parser.MAXREPEAT - 1)


class _Text:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._groups: dict[int, str] = {}

    def of(self, parsed: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self._part(str(code), argument) for code, argument in parsed)

    def _part(self, code: str, argument: Any) -> str:
        match code:
            case "LITERAL":
                return chr(argument)
            case "IN":
                return self._chance.choice(_entries(argument))
            case "ANY" | "NOT_LITERAL":
                return self._chance.choice(_DRAWN)
            case "SUBPATTERN":
                self._groups[argument[0]] = self.of(argument[3])
                return self._groups[argument[0]]
            case "GROUPREF":
                return self._groups[argument]
            case "BRANCH":
                return self.of(self._chance.choice(argument[1]))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, repeated = argument
                count = self._chance.randint(least, min(most, least + REPEATED_MAX))
                return "".join(self.of(repeated) for _ in range(count))
            case "ASSERT" | "ASSERT_NOT" | "AT":
                return ""
            case _:
                raise NotImplementedError(code)


def _entries(of_class: list[tuple[Any, Any]]) -> list[str]:
    negated = str(of_class[0][0]) == "NEGATE"
    members = {char for one, argument in of_class for char in _members(str(one), argument)}
    return [char for char in _DRAWN if char not in members] if negated else sorted(members)


def _members(code: str, argument: Any) -> list[str]:
    match code:
        case "LITERAL":
            return [chr(argument)]
        case "RANGE":
            return [chr(number) for number in range(argument[0], argument[1] + 1)]
        case "CATEGORY":
            category = _CATEGORIES[str(argument)]
            return [char for char in string.printable if re.match(category, char, re.ASCII)]
        case _:
            return []
