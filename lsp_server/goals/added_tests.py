"""This module tells a change that only adds tests from one that touches those that were there.

A run that has no goal writes tests as part of its work, so what it adds is no reason to
doubt; what it takes away, skips or defines anew is. What cannot be told counts as touched.
"""

from __future__ import annotations

import re
from collections import Counter

_IMPORT = re.compile(r"\s*(?:import|from|use|using|require|#include|package)\b")
_WEAKENS = re.compile(
    r"skip|xfail|todo|ignore|disable|only|pending|monkeypatch|patch|__test__|load_tests|collect"
    r"|setattr|assert\w{0,40} ?=|\bexit\b|SystemExit|os\._exit|^[ \t]{0,80}(?:\"\"\"|'''|/\*|\*/)$|#if",
    re.IGNORECASE | re.MULTILINE,
)
_NAMED = re.compile(
    r"\b(?:def|class|func|fn|function)\s+(?P<name>\w+)|\b(?:it|test|describe)\(\s*[\"'`](?P<title>[^\"'`]+)"
)


def only_adds(before: str, after: str) -> bool:
    """Says whether all that was in a file of tests is there as it was, and nothing turns it off.

    Imports may change. Of names that are defined, none may be defined anew.

    >>> old = "import a\\n\\ndef test_one():\\n    assert a.one() == 1\\n"
    >>> only_adds(old, old + "\\ndef test_two():\\n    assert a.two() == 2\\n")
    True
    >>> only_adds(old, old.replace("== 1", "== 2")), only_adds(old, "import pytest\\n" + old)
    (False, True)
    >>> only_adds(old, old.replace("def", "@pytest.mark.skip\\ndef"))
    False
    """
    kept, now = _lines(before), _lines(after)
    added: list[str] = []
    at = 0
    for line in now:
        if at < len(kept) and line == kept[at]:
            at += 1
        else:
            added.append(line)
    if at < len(kept):
        return False
    text = "\n".join(added)
    return not (_WEAKENS.search(text) or _names(before) & _names(text))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip() and not _IMPORT.match(line)]


def _names(text: str) -> Counter[str]:
    return Counter(match["name"] or match["title"] for match in _NAMED.finditer(text))
