"""This module reads the findings of a review, and keeps those that quote the diff."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from lsp_server.text.diff_quotes import diff_lines, find_quote
from lsp_server.text.legible import legible
from lsp_server.text.markdown import code_blocks
from lsp_server.text.truncate import one_line

FINDINGS_MAX = 50
TITLE_CHARS_MAX = 120
FAILURE_CHARS_MAX = 1000

Severity = Literal["error", "warning", "information"]

_LANGUAGES = frozenset({"json", ""})


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """A `ReviewFinding` is what would fail, at a line of a file that was changed.

    `line` counts from 1; `quote` is what stands there.
    """

    path: str
    line: int
    quote: str
    severity: Severity
    title: str
    failure: str

    @property
    def text(self) -> str:
        """Returns what is wrong and the failure that it would cause."""
        return f"{self.title}: {self.failure}"


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """A `ReviewResult` has the findings that hold, and how many were `dropped`.

    With `is_read` False the answer named no findings in the form that was asked for.
    """

    findings: tuple[ReviewFinding, ...] = ()
    dropped: int = 0
    is_read: bool = True


class _Finding(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    quote: str
    title: str
    failure: str
    severity: Severity = "warning"

    @field_validator("severity", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return value if value in ("error", "information") else "warning"


def read_findings(answer: str, diff: str) -> ReviewResult:
    """Reads what a review answered. A finding without a failure or a true quote is dropped."""
    listed = _listed(answer)
    if listed is None:
        return ReviewResult(is_read=False)
    lines = diff_lines(diff)
    found: list[ReviewFinding] = []
    for value in listed[:FINDINGS_MAX]:
        try:
            given = _Finding.model_validate(value)
        except ValidationError:
            continue
        path = re.sub(r"^(?:\./|[ab]/(?=.))", "", given.path)
        path = given.path if given.path in lines else path
        line = find_quote(lines.get(path, ()), given.quote)
        title = one_line(legible(given.title), TITLE_CHARS_MAX)
        failure = one_line(legible(given.failure), FAILURE_CHARS_MAX)
        if line is not None and title and failure:
            quote = given.quote.strip().splitlines()[0].strip()
            found.append(ReviewFinding(path, line, quote, given.severity, title, failure))
    return ReviewResult(tuple(found), len(listed) - len(found))


def _listed(answer: str) -> list[Any] | None:
    """The last list in the answer, in a fenced block or bare."""
    for text in _candidates(answer):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            value = value.get("findings")
        if isinstance(value, list):
            return value
    return None


def _candidates(answer: str) -> Iterator[str]:
    yield from reversed(list(code_blocks(answer, _LANGUAGES)))
    yield answer
    if "[" in answer:
        yield answer[answer.index("[") : answer.rindex("]") + 1 if "]" in answer else None]
