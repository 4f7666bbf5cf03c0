"""This module writes the inbox as a text that a person reads, edits and answers, and reads it back.

The form, a section for each suggestion, in groups::

    ## Commands that check the work (1)

    ### Keep: 3f9a2c1b

    ```text
    `make docs` checks the work in this project.
    ```

    It passed in 4 of 4 runs that ran it.

    - [20260101-120000-000000](file:///…/transcript.md#L12)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.evolution.inbox_groups import TITLES, InboxGroup
from lsp_server.evolution.suggestion import FILE_KINDS, Suggestion, SuggestionKind
from lsp_server.text.diff import unified_diff
from lsp_server.text.legible import on_one_line
from lsp_server.text.markdown import code_block, code_blocks

INBOX_FILE = ".holdfast/inbox.md"
"""Where a workspace shows its inbox, from its root."""

EVIDENCE_SHOWN_MAX = 3

Links: TypeAlias = Callable[[Iterable[Id]], Mapping[Id, str]]
"""Gives the addresses of evidence, of what can be shown."""

_TITLES: dict[SuggestionKind, str] = {
    "keep_fact": "Keep",
    "retire_fact": "Retire",
    "review_fact": "Yours, look at it",
    "keep_skill": "Skill",
    "keep_command": "Command",
    "retire_skill": "Retire",
    "review_skill": "Yours, look at it",
}
_NAMES = {title: name for name, title in TITLES.items()}
_HEADING = re.compile(r"^##{1,2} (?P<title>[A-Z][\w, ]*): (?P<id>[0-9a-f]{8})[ \t]*$", re.MULTILINE)
_GROUP = re.compile(r"^## (?P<title>[A-Z][\w ]*) \(\d+(?: of \d+)?\)[ \t]*$", re.MULTILINE)

_TOP = (
    "# Inbox\n\n"
    "What Holdfast learned from past runs, and would change; what is worth most comes first. Nothing of "
    "it holds before you accept it: by the lens or code action on a heading, of one or of a whole group, "
    "or by `holdfast inbox accept ID`. You may edit the text of a block first. What you reject does not "
    "come back, unless `holdfast inbox restore` takes that back."
)


@dataclass(frozen=True, slots=True)
class InboxSection:
    """An `InboxSection` is a suggestion as it stands in the document, on a line from 0 on.

    `text` is empty where nothing is left of it, or where the marks around it are broken.
    """

    id: Id
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class GroupHeading:
    """A `GroupHeading` stands above the suggestions of the group `name`, on a line from 0 on."""

    name: str
    line: int


def updated_inbox(text: str, groups: Iterable[InboxGroup], links: Links) -> str:
    """Returns a document with these groups.

    A section that is there stays as a person has edited it, others go. What a person edited
    stays also where more of its group wait than are shown.
    """
    text = _with_line_feeds(text)
    written = {heading["id"]: text[heading.start() : end].strip() for heading, end in _parts(text)}
    edited = {one.id: one.text for one in inbox_sections(text)}
    page = [(group, tuple(_shown(group, edited))) for group in groups]
    new = [one for _, shown in page for one in shown if one.id not in written]
    addresses = links(evidence for one in new for evidence in one.evidence[:EVIDENCE_SHOWN_MAX])
    sections = [_TOP]
    for group, shown in page:
        sections.append(_group_heading(group, len(shown)))
        for one in shown:
            known = written.get(one.id, "").lstrip("#")
            sections.append(f"###{known}" if known else _section(one, addresses))
    return "\n\n".join(sections) + "\n"


def inbox_sections(text: str) -> Iterator[InboxSection]:
    """Yields the sections of a document that a person may have edited."""
    text = _with_line_feeds(text)
    for heading, end in _parts(text):
        written = next(code_blocks(text[heading.end() : end], {"text"}), "").strip()
        yield InboxSection(heading["id"], text.count("\n", 0, heading.start()), written)


def group_headings(text: str) -> Iterator[GroupHeading]:
    """Yields the headings of groups in a document."""
    text = _with_line_feeds(text)
    for found in _GROUP.finditer(text):
        if name := _NAMES.get(found["title"]):
            yield GroupHeading(name, text.count("\n", 0, found.start()))


def suggestion_title(suggestion: Suggestion) -> str:
    """Returns a suggestion in a line."""
    return f"{_TITLES[suggestion.kind]}: {on_one_line(suggestion.headline)}"


def suggestion_reason(suggestion: Suggestion) -> str:
    """Returns what shows that it is right, in a sentence or two, without its evidence."""
    why = suggestion.why[:1].upper() + suggestion.why[1:]
    parts = [f"{why}."]
    if suggestion.kind in FILE_KINDS:
        parts.append(_tried(suggestion))
    elif suggestion.shown:
        parts.append("It was run again just now, where it could only read, and succeeded.")
    if suggestion.kind == "review_fact":
        parts.append(
            "It is a fact of yours, so it stays whatever you answer; `holdfast forget` removes it."
        )
    if suggestion.kind == "review_skill":
        parts.append("It is yours, so it stays whatever you answer.")
    return on_one_line(" ".join(parts))


def answer_lines(answered: Iterable[Suggestion], *, taken_back: bool = False) -> Sequence[str]:
    """Says of each suggestion what has become of it.

    >>> answer_lines([Suggestion("1", "keep_fact", "`make` checks it.", "", state="accepted")])
    ['accepted: `make` checks it.']
    """
    words = {"open": "waits again", "rejected": "taken back"} if taken_back else {}
    return [f"{words.get(one.state, one.state)}: {one.headline}" for one in answered]


def differs(written: str | None, suggestion: Suggestion) -> bool:
    """Says whether a text in the document is another than the suggested one; None stands for no section."""
    return written is not None and written.split() != suggestion.text.split()


def _with_line_feeds(text: str) -> str:
    """The text with the line ends that are looked for here; some editors write others."""
    return text.replace("\r\n", "\n")


def _shown(group: InboxGroup, edited: Mapping[Id, str]) -> Iterator[Suggestion]:
    for one in group.suggestions:
        if differs(edited.get(one.id), one) or one in group.shown:
            yield one


def _parts(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yields each heading of a suggestion, and where its section ends."""
    headings = list(_HEADING.finditer(text))
    starts = [found.start() for found in (*headings, *_GROUP.finditer(text))]
    for heading in headings:
        later = (start for start in starts if start > heading.start())
        yield heading, min(later, default=len(text))


def _group_heading(group: InboxGroup, shown: int) -> str:
    count = len(group.suggestions)
    if shown == count:
        return f"## {group.title} ({count})"
    return f"## {group.title} ({shown} of {count})\n\n*And {count - shown} more, as these are answered.*"


def _section(suggestion: Suggestion, addresses: Mapping[Id, str]) -> str:
    heading = f"### {_TITLES[suggestion.kind]}: {suggestion.id}"
    shown = suggestion.evidence[:EVIDENCE_SHOWN_MAX]
    more = len(suggestion.evidence) - len(shown)
    lines = [f"- {_link(one, addresses.get(one, ''))}" for one in shown]
    lines += [f"- and {more} more"] if more else []
    parts = [heading, *_change(suggestion), suggestion_reason(suggestion)]
    return "\n\n".join([*parts, "\n".join(lines)] if lines else parts)


def _change(suggestion: Suggestion) -> Iterator[str]:
    """What would be kept, and of a file that is there also what that changes."""
    if suggestion.path:
        yield f"In `{suggestion.path}`:"
    if suggestion.text:
        yield code_block(suggestion.text.strip(), "text")
    replaces = suggestion.replaces if suggestion.kind != "review_skill" else ""
    for before, what in ((replaces, ""), (suggestion.fixed, "A model worded it:")):
        if before:
            yield from filter(None, (what,))
            yield code_block(unified_diff(suggestion.path, before, suggestion.text), "diff")


def _tried(suggestion: Suggestion) -> str:
    """What trying a draft showed."""
    if suggestion.shown:
        return f"Verified by doing past tasks again: {suggestion.replay}."
    why = (
        suggestion.replay or "no past task was done again with it; `holdfast distill --replay` does"
    )
    return f"A draft: {why}."


def _link(evidence: Id, address: str) -> str:
    run = evidence.partition("/")[0]
    return f"[{run}]({address})" if address else run
