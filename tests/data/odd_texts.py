"""Texts that patterns and loops stumble over: fifty shapes, each as long as it is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

_REPEATED = {
    "one long line": "a",
    "one long word in capitals": "A",
    "digits": "1",
    "blank lines": "\n",
    "lines of a blank": " \n",
    "blanks": " ",
    "tabs": "\t",
    "carriage returns": "\r",
    "letters and carriage returns": "a\r",
    "line endings of Windows": "\r\n",
    "short lines": "a\n",
    "backspaces": "a\b",
    "form feeds": "\x0b\x0c",
    "separators of Unicode": "a\u2028\x85\u2029",
    "zero width": "\u200b\u200d\ufeff",
    "combining marks": "\u0301",
    "letters with marks": "e\u0301",
    "emoji": "👩\u200d👩\u200d👧",
    "halves of surrogates": "\ud83d",
    "other halves of surrogates": "\ude00\ud83d",
    "ideographs": "漢",
    "right to left": "\u202eא",
    "open brackets": "(",
    "brackets of all kinds": "[{(<",
    "pairs of brackets": "[]",
    "double quotes": '"',
    "single quotes": "a'",
    "backticks": "`",
    "backslashes": "\\",
    "dollars": "$(",
    "stars": "**/",
    "question marks": "?*",
    "tags": "<a>",
    "open tags": "<a ",
    "comments of HTML": "<!--",
    "escape sequences": "\x1b[",
    "strings of terminals": "\x1b]a",
    "tokens": "-eyJ",
    "keys": "-----BEGIN PRIVATE KEY-----\n",
    "marks of secrets": "\u2039redacted:key:12345678\u203a",
    "assignments": "token=",
    "paths": "a/",
    "paths that go up": "../",
    "dots": "a.",
    "colons": "a:1:",
    "addresses": "://a",
    "hyphens": "-a",
    "hashes": "# ",
    "items": "- [ ] a\n",
    "goals": "# GOAL: a\n",
    "fences": "```\na\n",
    "operators": "&& ",
    "pipes": "| a ",
    "base64": "aB3+/x",
    "results of tests": "FAILED a::b - 1 passed\n",
}


def _json(chars: int) -> str:
    return json.dumps([{"token": "x9K2mQ7pL4vN8rT1"}] * (chars // 32))


def _then(first: str, last: str) -> Callable[[int], str]:
    return lambda chars: first * (chars // len(first)) + last


_MADE: dict[str, Callable[[int], str]] = {
    "JSON of tokens": _json,
    "nested JSON": lambda chars: '{"a":' * (chars // 5),
    "blanks, then a letter": lambda chars: f"# GOAL: a{' ' * chars}b",
    "an item, blanks, then a letter": lambda chars: f"- [ ] a{' ' * chars}b",
    "letters, then another": _then("a", "b"),
    "quotes, then a line": _then('"', "\n"),
    "hyphens, then a goal": _then("-", "\n# GOAL: a"),
    "percents, then a goal": _then("%", "\n% GOAL: a"),
}
SHAPES: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {name: _then(piece, "") for name, piece in _REPEATED.items()} | _MADE
)
"""Each makes a text of about so many characters."""
