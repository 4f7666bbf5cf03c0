"""This module writes the inbox as a text that a person reads, edits and answers, and reads it back.

The form, one section for each suggestion::

    ## Keep: 3f9a2c1b

    ```text
    `make docs` checks the work in this project.
    ```

    It passed in 4 of 4 runs that ran it. Evidence: 20260101-120000-000000/call_3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.domain.ids import Id
from lsp_server.evolution.suggestion import Suggestion, SuggestionKind
from lsp_server.text.legible import on_one_line
from lsp_server.text.markdown import code_block

INBOX_FILE = ".holdfast/inbox.md"
"""Where a workspace shows its inbox, from its root."""

EVIDENCE_SHOWN_MAX = 4

_TITLES: dict[SuggestionKind, str] = {
    "keep_fact": "Keep",
    "retire_fact": "Retire",
    "review_fact": "Yours, look at it",
}
_HEADING = re.compile(r"^## (?P<title>[A-Z][\w, ]*): (?P<id>[0-9a-f]{8})\s*$", re.MULTILINE)
_TEXT = re.compile(r"^(`{3,})text\n(.*?)\n\1\s*$", re.MULTILINE | re.DOTALL)

_TOP = (
    "# Inbox\n\n"
    "What Holdfast learned from past runs, and would change. Nothing of it holds before you accept it: "
    "by the lens or code action on a heading, or by `holdfast inbox accept ID`. You may edit the text of "
    "a block first. What you reject does not come back."
)


@dataclass(frozen=True, slots=True)
class InboxSection:
    """An `InboxSection` is a suggestion as it stands in the document, on a line from 0 on."""

    id: Id
    line: int
    text: str


def updated_inbox(text: str, suggestions: Sequence[Suggestion]) -> str:
    """Returns a document with the sections of these suggestions, in the order of their age.

    A section that is there stays as a person has edited it; others go.
    """
    written = {heading["id"]: text[heading.start() : end].strip() for heading, end in _parts(text)}
    sections = [written.get(one.id) or _section(one) for one in suggestions]
    return "\n\n".join([_TOP, *sections]) + "\n"


def inbox_sections(text: str) -> Iterator[InboxSection]:
    """Yields the sections of a document that a person may have edited."""
    for heading, end in _parts(text):
        found = _TEXT.search(text, heading.end(), end)
        written = " ".join(found[2].split()) if found else ""
        yield InboxSection(heading["id"], text.count("\n", 0, heading.start()), written)


def suggestion_title(suggestion: Suggestion) -> str:
    """Returns a suggestion in a line."""
    return f"{_TITLES[suggestion.kind]}: {on_one_line(suggestion.text)}"


def suggestion_reason(suggestion: Suggestion) -> str:
    """Returns what shows that it is right, in a sentence or two."""
    why = suggestion.why[:1].upper() + suggestion.why[1:]
    parts = [f"{why}."]
    if suggestion.shown:
        parts.append("It was run again just now, where it could only read, and succeeded.")
    if suggestion.evidence:
        shown = ", ".join(suggestion.evidence[:EVIDENCE_SHOWN_MAX])
        more = len(suggestion.evidence) - EVIDENCE_SHOWN_MAX
        parts.append(f"Evidence: {shown}" + (f" and {more} more." if more > 0 else "."))
    if suggestion.kind == "review_fact":
        parts.append(
            "It is a fact of yours, so it stays whatever you answer; `holdfast forget` removes it."
        )
    return on_one_line(" ".join(parts))


def _parts(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yields each heading of a suggestion, and where its section ends."""
    headings = list(_HEADING.finditer(text))
    starts = [*(one.start() for one in headings), len(text)]
    return zip(headings, starts[1:], strict=True)


def _section(suggestion: Suggestion) -> str:
    heading = f"## {_TITLES[suggestion.kind]}: {suggestion.id}"
    return "\n\n".join(
        [heading, code_block(suggestion.text, "text"), suggestion_reason(suggestion)]
    )
