"""This module shows the inbox in its document: what can be answered on each heading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from lsp_server.evolution.inbox_document import group_headings, inbox_sections
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.server import to_lsp
from lsp_server.server.protocol import CommandName
from lsp_server.session.evolution.session_inbox import SessionInbox

ACCEPT, REJECT = "Holdfast: Accept", "Holdfast: Reject"
ACCEPT_ALL, REJECT_ALL = "Holdfast: Accept All of Group", "Holdfast: Reject All of Group"
EVIDENCE = "Holdfast: Show Evidence"


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading on a line, with the answers to what it stands above."""

    line: int
    answers: tuple[types.Command, ...]
    evidence: tuple[types.Command, ...] = ()


def lenses(inbox: SessionInbox, path: Path, text: str) -> Iterator[types.CodeLens]:
    """Yields the answers above each suggestion that waits, and above each group."""
    for heading in _headings(inbox, path, text):
        for command in heading.answers:
            yield types.CodeLens(range=to_lsp.whole_line(heading.line), command=command)


def commands_at(
    inbox: SessionInbox, path: Path, text: str, first: int, last: int
) -> Iterator[types.Command]:
    """Yields the answers to the suggestion whose section these lines touch, and what shows it."""
    found = list(_headings(inbox, path, text))
    begun = max((heading.line for heading in found if heading.line <= last), default=-1)
    for heading in found:
        if first <= heading.line <= last or heading.line == begun:
            yield from (*heading.answers, *heading.evidence)


def _headings(inbox: SessionInbox, path: Path, text: str) -> Iterator[_Heading]:
    """The headings of groups and suggestions, where the document is the inbox."""
    if path != inbox.file.path:
        return
    waiting = {one.id: one for one in inbox.waiting}
    for group in group_headings(text):
        yield _Heading(group.line, _answers(ACCEPT_ALL, REJECT_ALL, {"group": group.name}))
    for section in inbox_sections(text):
        if (one := waiting.get(section.id)) is not None:
            answers = _answers(ACCEPT, REJECT, {"id": section.id})
            yield _Heading(section.line, answers, tuple(_evidence(one)))


def _answers(accept: str, reject: str, argument: dict[str, str]) -> tuple[types.Command, ...]:
    return (
        types.Command(accept, CommandName.EVOLVE_ACCEPT, arguments=[argument]),
        types.Command(reject, CommandName.EVOLVE_REJECT, arguments=[argument]),
    )


def _evidence(suggestion: Suggestion) -> Iterator[types.Command]:
    """The command that opens the newest run among the evidence."""
    for evidence in suggestion.evidence[:1]:
        argument = {"runId": evidence.partition("/")[0]}
        yield types.Command(EVIDENCE, CommandName.RUN_SHOW, arguments=[argument])
