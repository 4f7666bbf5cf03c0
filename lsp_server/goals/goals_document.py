"""This module reads a goals file: its text becomes goals with their places.

A heading is a goal, a task-list item a condition, an indented `check:`, `file:`
or `diagnostics:` shows whether it holds. `document_edits.py` writes into the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lsp_server.domain.edits import Lines, Position, Range
from lsp_server.domain.goals import Check, Condition, Goal
from lsp_server.goals.check_syntax import HOW_CHECK, KEYS, parse_check, resembles_key
from lsp_server.goals.goal_ids import GoalIds
from lsp_server.text.hidden_lines import HiddenLines

UNTITLED = "Goals"
"""The title of the conditions above the first heading."""

HOW_CONDITION = "write a condition as `- [ ] what must hold`"

_OUR_KEYS = ("evidence", "waived")
"""Begin the lines that Holdfast itself writes below a condition."""

_HEADING = re.compile(
    r" {0,3}#{1,6}(?:[ \t]+(?P<title>[^ \t](?:.*?[^ \t])??))?(?:[ \t]++#++)?[ \t]*+$"
)
_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+\[(?P<box>[ xX])\](?:[ \t]+(?P<text>[^ \t](?:.*[^ \t])?))?[ \t]*$"
)
_BROKEN_ITEM = re.compile(r"[ \t]*[-*+][ \t]*\[[^\[\]]?\](?![\[(:])")
_ENTRY = re.compile(
    r"(?P<indent>[ \t]*)[-*+][ \t]+(?P<key>[A-Za-z]+)[ \t]*:(?:[ \t]+(?P<value>[^ \t](?:.*[^ \t])?))?[ \t]*$"
)
_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """A `DocumentProblem` is a place in the goals file that means nothing; `message` says how to write it."""

    range: Range
    message: str


@dataclass(frozen=True, slots=True)
class ConditionEntry:
    """A `ConditionEntry` is a condition with its place.

    `range` is its text in `line`, `box` the offset of the character in its brackets.
    `evidence` are the numbers of the lines that Holdfast wrote below it; further ones
    go behind line `last_line` with `indent` in front.
    """

    condition: Condition
    range: Range
    line: str
    box: int
    ticked: bool
    evidence: tuple[int, ...]
    last_line: int
    indent: str


@dataclass(frozen=True, slots=True)
class GoalSection:
    """A `GoalSection` is a goal with the place of its heading, and its conditions."""

    goal: Goal
    range: Range
    entries: tuple[ConditionEntry, ...]


@dataclass(frozen=True, slots=True)
class GoalsDocument:
    """A `GoalsDocument` is a goals file that was read. Goals have at least one condition.

    `unreadable` says why the file could not be read, empty where it could.
    """

    text: str
    sections: tuple[GoalSection, ...]
    problems: tuple[DocumentProblem, ...]
    unreadable: str = ""

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Returns all goals, in their order."""
        return tuple(section.goal for section in self.sections)

    @property
    def entries(self) -> Iterator[ConditionEntry]:
        """Returns the conditions of all goals, in their order."""
        return (entry for section in self.sections for entry in section.entries)


def parse_goals(text: str) -> GoalsDocument:
    """Reads a goals file; any text is one.

    >>> document = parse_goals("## Tests\\n- [ ] All pass\\n  - check: `pytest -q`\\n")
    >>> document.goals[0].title, document.goals[0].conditions[0].checks
    ('Tests', (CommandCheck(command='pytest -q'),))
    >>> parse_goals("- [] All pass").problems[0].message
    'this is no condition yet; write a condition as `- [ ] what must hold`'
    """
    return _Parser(text).document()


def unreadable_document(reason: str) -> GoalsDocument:
    """The document of a goals file that is there and cannot be read."""
    nowhere = Range(Position(0, 0), Position(0, 0))
    message = f"this file cannot be read, so its goals are not known: {reason}"
    return GoalsDocument("", (), (DocumentProblem(nowhere, message),), message)


@dataclass(slots=True)
class _Draft:
    """A condition whose lines are still being read."""

    match: re.Match[str]
    line: int
    last_line: int
    indent: str
    texts: list[str]
    checks: list[Check] = field(default_factory=list)
    evidence: list[int] = field(default_factory=list)
    waived: bool = False


class _Parser:
    """Reads the lines of a goals file, once from top to bottom."""

    def __init__(self, text: str) -> None:
        self._lines = Lines(text)
        self._ids = GoalIds()
        self._sections: list[GoalSection] = []
        self._problems: list[DocumentProblem] = []
        self._title = UNTITLED
        self._heading = Range(Position(0, 0), Position(0, 0))
        self._entries: list[ConditionEntry] = []
        self._draft: _Draft | None = None
        self._hidden = HiddenLines()

    def document(self) -> GoalsDocument:
        for number in range(len(self._lines)):
            line = self._lines.line(number)
            if not self._hidden.hides(line):
                self._read(number, line)
        self._end_section()
        return GoalsDocument(self._lines.text, tuple(self._sections), tuple(self._problems))

    def _read(self, number: int, line: str) -> None:
        if heading := _HEADING.match(line):
            self._end_section()
            self._title = heading["title"] or UNTITLED
            self._heading = _span(number, heading, "title" if heading["title"] else 0)
        elif item := _ITEM.match(line):
            self._begin(number, item)
        elif _BROKEN_ITEM.match(line):
            self._report(number, line, f"this is no condition yet; {HOW_CONDITION}")
        elif (entry := _ENTRY.match(line)) and self._is_entry(entry):
            self._read_entry(number, line, entry)
        elif line.strip() and not _BULLET.match(line) and line[0] in " \t":
            self._continue_text(number, line)
        elif line.strip():
            self._end_condition()

    def _begin(self, number: int, item: re.Match[str]) -> None:
        self._end_condition()
        if not item["text"]:
            self._report(number, item[0], f"the condition says nothing; {HOW_CONDITION}")
            return
        self._draft = _Draft(item, number, number, f"{item['indent']}  ", [item["text"]])

    def _continue_text(self, number: int, line: str) -> None:
        """Adds a further line to a condition's text."""
        draft = self._draft
        # Below a check or a blank line an indented line is a person's own note.
        if draft is not None and draft.last_line == number - 1 and not draft.checks:
            draft.texts.append(line.strip())
            draft.last_line = number

    def _is_entry(self, entry: re.Match[str]) -> bool:
        key = entry["key"].lower()
        if key in KEYS or key in _OUR_KEYS:
            return True
        # A list of a person's own may have a colon too; with code it is meant as a check.
        return resembles_key(key) and "`" in (entry["value"] or "")

    def _read_entry(self, number: int, line: str, entry: re.Match[str]) -> None:
        key, value = entry["key"].lower(), entry["value"] or ""
        draft = self._draft
        if draft is None or not entry["indent"]:
            if key not in _OUR_KEYS:
                self._report(number, line, f"it belongs to no condition; {HOW_CHECK}")
            return
        draft.last_line = number
        draft.indent = entry["indent"]
        match key:
            case "evidence":
                draft.evidence.append(number)
            case "waived":
                draft.waived = True
            case _:
                check = parse_check(key, value)
                if isinstance(check, str):
                    self._report(number, line, check)
                else:
                    draft.checks.append(check)

    def _end_condition(self) -> None:
        draft, self._draft = self._draft, None
        if draft is None:
            return
        text, checks = " ".join(draft.texts), tuple(draft.checks)
        name = self._ids.condition_id(text, checks)
        self._entries.append(
            ConditionEntry(
                condition=Condition(name, text, checks, draft.waived),
                range=_span(draft.line, draft.match, "text"),
                line=draft.match.string,
                box=self._lines.starts[draft.line] + draft.match.start("box"),
                ticked=draft.match["box"] != " ",
                evidence=tuple(draft.evidence),
                last_line=draft.last_line,
                indent=draft.indent,
            )
        )

    def _end_section(self) -> None:
        self._end_condition()
        entries, self._entries = tuple(self._entries), []
        if entries:
            conditions = tuple(entry.condition for entry in entries)
            goal = Goal(self._ids.goal_id(self._title), self._title, conditions)
            self._sections.append(GoalSection(goal, self._heading, entries))

    def _report(self, number: int, line: str, message: str) -> None:
        start = len(line) - len(line.lstrip())
        place = Range(Position(number, start), Position(number, len(line.rstrip())))
        self._problems.append(DocumentProblem(place, message))


def _span(number: int, match: re.Match[str], group: str | int) -> Range:
    return Range(Position(number, match.start(group)), Position(number, match.end(group)))
