"""This module gives goals and conditions ids that stay when lines move.

Verdicts, evidence and waivers on disk are found again by these ids, so whatever
is hashed here is written out here: neither a class nor a sentence that is
reworded elsewhere may change an id.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import assert_never

from lsp_server.domain.goals import Check, CommandCheck, DiagnosticsCheck, FileCheck

SLUG_CHARS_MAX = 80


class GoalIds:
    """Makes the ids of one document; the same text twice gets a number.

    >>> ids = GoalIds()
    >>> ids.goal_id("Retry on 429"), ids.goal_id("Retry on 429")
    ('retry-on-429', 'retry-on-429-2')
    >>> ids.condition_id("It retries", (CommandCheck("pytest -q"),))
    'c-6991b2cb'
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def goal_id(self, title: str) -> str:
        """An id made of a goal's title."""
        slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:SLUG_CHARS_MAX]
        return self._unique(slug or "goal")

    def condition_id(self, text: str, checks: tuple[Check, ...], path: str = "") -> str:
        """An id made of a condition's text and checks, and of the source file it is in."""
        parts = [path, " ".join(text.split()), *map(_hashed_text, checks)]
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
        return self._unique(f"c-{digest.hexdigest()[:8]}")

    def _unique(self, name: str) -> str:
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}-{self._seen[name]}"


def _hashed_text(check: Check) -> str:
    match check:
        case CommandCheck(command):
            return f"CommandCheck {command}"
        case FileCheck(path, None):
            return f"FileCheck {path} exists"
        case FileCheck(path, contains):
            return f"FileCheck {path} contains {contains}"
        case DiagnosticsCheck(under, worst):
            return f"DiagnosticsCheck no {worst}s" + (f" in {under}" if under else "")
        case _:
            assert_never(check)
