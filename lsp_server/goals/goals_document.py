"""The goals file and `GOAL:` comments: text to goals with their places.

Pure. A heading is a goal, a task-list item a condition, an indented `check:`,
`file:` or `diagnostics:` shows whether it holds. What is written into the file
is in `edits.py`.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lsp_server.domain.edits import Lines, Position, Range
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    Condition,
    DiagnosticsCheck,
    FileCheck,
    Goal,
    describe,
)

UNTITLED = "Goals"
"""The goal of the conditions above the first heading."""

TITLE_CHARS_MAX = 80

HOW_CONDITION = "write a condition as `- [ ] what must hold`"
HOW_CHECK = "write it below a condition, indented: `  - check: `command``"
HOW_FILE = "write `  - file: `path`` or `  - file: `path` contains `text``"
HOW_DIAGNOSTICS = "write `  - diagnostics: no errors` or `… no warnings in `path``"

_KEYS = ("check", "file", "diagnostics", "evidence", "waived")

_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+(?P<title>.*?))?(?:[ \t]+#+)?[ \t]*$")
_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+\[(?P<box>[ xX])\](?:[ \t]+(?P<text>.*?))?[ \t]*$"
)
_BROKEN_ITEM = re.compile(r"[ \t]*[-*+][ \t]*\[[^\[\]]?\](?![\[(:])")
_ENTRY = re.compile(
    r"(?P<indent>[ \t]*)[-*+][ \t]+(?P<key>[A-Za-z]+)[ \t]*:(?:[ \t]+(?P<value>.*?))?[ \t]*$"
)
_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})")
_CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)")
_NO_FINDINGS = re.compile(r"no (?P<worst>error|warning)s(?: in (?P<where>.+))?$")

_COMMENT_GOAL = re.compile(
    r"(?:(?<![\"'`\w])(?:\#+|//+[/!]*|/\*+|--+|;+|%+|<!--|\(\*|\{-|\bREM\b)"
    r"|(?:\A|(?<=[\r\n]))[ \t]*(?:\*|'|!|\"\"\"|'''))"
    r"[ \t]*(?P<goal>GOAL:[ \t]*(?P<text>[^\s][^\r\n]*?))[ \t]*"
    r"(?:\*+/|-->|\*\)|-\}|\"\"\"|''')?[ \t]*(?=[\r\n]|\Z)"
)


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """Something in the goals file that means nothing; the message says how to write it."""

    range: Range
    message: str


@dataclass(frozen=True, slots=True)
class ConditionEntry:
    """A condition and where it stands.

    `range` is its text in `line`, `box` the offset of the character in its brackets.
    `evidence` are the lines that we wrote below it; further ones go behind line
    `last_line` with `indent` in front.
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
    """A goal, where its heading stands, and its conditions."""

    goal: Goal
    range: Range
    entries: tuple[ConditionEntry, ...]


@dataclass(frozen=True, slots=True)
class GoalsDocument:
    """What a goals file says. Goals have at least one condition.

    `unreadable` is why nobody knows what it says, empty where somebody does.
    """

    text: str
    sections: tuple[GoalSection, ...]
    problems: tuple[DocumentProblem, ...]
    unreadable: str = ""

    @property
    def goals(self) -> tuple[Goal, ...]:
        return tuple(section.goal for section in self.sections)

    @property
    def entries(self) -> Iterator[ConditionEntry]:
        return (entry for section in self.sections for entry in section.entries)


@dataclass(frozen=True, slots=True)
class CommentGoal:
    """A `GOAL:` comment; `range` begins with the word and lies in `line`."""

    condition: Condition
    range: Range
    line: str


def parse_goals(text: str) -> GoalsDocument:
    """Reads a goals file; any text is one."""
    return _Parser(text).contract()


def unreadable(reason: str) -> GoalsDocument:
    """A goals file that is there and cannot be read."""
    nowhere = Range(Position(0, 0), Position(0, 0))
    message = f"this file cannot be read, so its goals are not known: {reason}"
    return GoalsDocument("", (), (DocumentProblem(nowhere, message),), message)


def comment_goals(text: str, path: str = "") -> tuple[CommentGoal, ...]:
    """The `GOAL:` comments of a source file, in any language; their ids are the file's own."""
    if "GOAL:" not in text:
        return ()
    lines = Lines(text)
    ids = GoalIds()
    found: list[CommentGoal] = []
    for match in _COMMENT_GOAL.finditer(text):
        place = Range(lines.position(match.start("goal")), lines.position(match.end("text")))
        said = " ".join(match["text"].split())
        name = ids.condition(said, (), where=path)
        line = lines.line(place.start.line)
        found.append(CommentGoal(Condition(name, said), place, line))
    return tuple(found)


def goal_of(title: str, conditions: tuple[tuple[str, tuple[Check, ...]], ...]) -> Goal:
    """A goal with the ids that it will have once it is in the file."""
    ids = GoalIds()
    return Goal(
        ids.goal(title),
        title,
        tuple(Condition(ids.condition(text, checks), text, checks) for text, checks in conditions),
    )


def goal_from(texts: tuple[str, ...], commands: tuple[str, ...], title: str = "") -> Goal | None:
    """The goal that a person states in parts: what must hold, and commands that show it.

    A single text is what all the commands show; otherwise each stands for itself.
    None when nothing is stated. Raises HoldfastError where a part is empty, since an
    empty command succeeds and shows nothing.
    """
    if not all(command.strip() for command in commands):
        raise HoldfastError("a check is empty; name a command that must exit 0")
    if not all(text.strip() for text in texts):
        raise HoldfastError("a condition is empty; say what must hold")
    checks = tuple(CommandCheck(command) for command in commands)
    sources: list[tuple[str, tuple[Check, ...]]] = []
    if len(texts) == 1:
        sources = [(texts[0], checks)]
    else:
        sources += [(text, ()) for text in texts]
        sources += [(f"`{check.command}` succeeds", (check,)) for check in checks]
    if not sources:
        return None
    return goal_of(title or "; ".join(text for text, _ in sources), tuple(sources))


def goal_prompt(goal: Goal | None) -> str:
    """The goal as an instruction."""
    texts = "; ".join(condition.text for condition in goal.conditions) if goal else ""
    return f"Work until this holds: {texts}"


class GoalIds:
    """Ids that stay when lines move: a goal's from its title, a condition's from its contract."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def goal(self, title: str) -> str:
        slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:TITLE_CHARS_MAX]
        return self._unique(slug or "goal")

    def condition(self, text: str, checks: tuple[Check, ...], where: str = "") -> str:
        parts = [where, " ".join(text.split())]
        parts += [f"{type(c).__name__} {describe(c)}" for c in checks]
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
        return self._unique(f"c-{digest.hexdigest()[:8]}")

    def _unique(self, name: str) -> str:
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}-{self._seen[name]}"


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
    """One pass over the lines."""

    def __init__(self, text: str) -> None:
        self._lines = Lines(text)
        self._ids = GoalIds()
        self._sections: list[GoalSection] = []
        self._problems: list[DocumentProblem] = []
        self._title = UNTITLED
        self._heading = Range(Position(0, 0), Position(0, 0))
        self._entries: list[ConditionEntry] = []
        self._draft: _Draft | None = None
        self._fence = ""
        self._in_comment = False

    def contract(self) -> GoalsDocument:
        for number in range(len(self._lines)):
            line = self._lines.line(number)
            if not self._is_hidden(line):
                self._read(number, line)
        self._end_section()
        return GoalsDocument(self._lines.text, tuple(self._sections), tuple(self._problems))

    def _is_hidden(self, line: str) -> bool:
        """Whether the line belongs to a code block or an HTML comment."""
        if self._in_comment:
            self._in_comment = "-->" not in line
            return True
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence["fence"].startswith(self._fence) and not line[fence.end() :].strip():
                self._fence = ""
            return True
        if fence:
            self._fence = fence["fence"]
            return True
        if line.lstrip().startswith("<!--"):
            self._in_comment = "-->" not in line
            return True
        return False

    def _read(self, number: int, line: str) -> None:
        if heading := _HEADING.match(line):
            self._end_section()
            self._title = heading["title"] or UNTITLED
            self._heading = _span(number, heading, "title" if heading["title"] else 0)
        elif item := _ITEM.match(line):
            self._begin(number, item)
        elif _BROKEN_ITEM.match(line):
            self._complain(number, line, f"this is no condition yet; {HOW_CONDITION}")
        elif (entry := _ENTRY.match(line)) and self._is_entry(entry):
            self._read_entry(number, line, entry)
        elif line.strip() and not _BULLET.match(line) and line[0] in " \t":
            self._go_on(number, line)
        elif line.strip():
            self._end_condition()

    def _begin(self, number: int, item: re.Match[str]) -> None:
        self._end_condition()
        if not item["text"]:
            self._complain(number, item[0], f"the condition says nothing; {HOW_CONDITION}")
            return
        self._draft = _Draft(item, number, number, f"{item['indent']}  ", [item["text"]])

    def _go_on(self, number: int, line: str) -> None:
        """A further line of a condition's text."""
        draft = self._draft
        if draft is not None and draft.last_line == number - 1 and not draft.checks:
            draft.texts.append(line.strip())
            draft.last_line = number

    def _is_entry(self, entry: re.Match[str]) -> bool:
        key = entry["key"].lower()
        if key in _KEYS:
            return True
        like = difflib.get_close_matches(key, _KEYS[:3], n=1, cutoff=0.75)
        return bool(like) and "`" in (entry["value"] or "")

    def _read_entry(self, number: int, line: str, entry: re.Match[str]) -> None:
        key, value = entry["key"].lower(), entry["value"] or ""
        draft = self._draft
        if draft is None or not entry["indent"]:
            if key not in ("evidence", "waived"):
                self._complain(number, line, f"it belongs to no condition; {HOW_CHECK}")
            return
        draft.last_line = number
        draft.indent = entry["indent"]
        match key:
            case "evidence":
                draft.evidence.append(number)
            case "waived":
                draft.waived = True
            case _:
                check = _check(key, value)
                if isinstance(check, str):
                    self._complain(number, line, check)
                else:
                    draft.checks.append(check)

    def _end_condition(self) -> None:
        draft, self._draft = self._draft, None
        if draft is None:
            return
        text, checks = " ".join(draft.texts), tuple(draft.checks)
        name = self._ids.condition(text, checks)
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
            goal = Goal(self._ids.goal(self._title), self._title, conditions)
            self._sections.append(GoalSection(goal, self._heading, entries))

    def _complain(self, number: int, line: str, message: str) -> None:
        start = len(line) - len(line.lstrip())
        place = Range(Position(number, start), Position(number, len(line.rstrip())))
        self._problems.append(DocumentProblem(place, message))


def _check(key: str, value: str) -> Check | str:
    """The check that is written there, or what is wrong with it."""
    codes = list(_CODE.finditer(value))
    match key:
        case "check":
            return _command(value, codes)
        case "file":
            return _file(value, codes)
        case "diagnostics":
            wish = _NO_FINDINGS.match(value)
            if wish is None:
                return f"this means nothing; {HOW_DIAGNOSTICS}"
            where = wish["where"] or ""
            under = _plain(codes[0]) if codes else where
            return DiagnosticsCheck(under, "error" if wish["worst"] == "error" else "warning")
        case _:
            known = difflib.get_close_matches(key, _KEYS[:3], n=1, cutoff=0.0)[0]
            return f"`{key}:` means nothing here; did you mean `{known}:`?"


def _command(value: str, codes: list[re.Match[str]]) -> Check | str:
    if not value.strip("` \t"):
        return f"the command is missing; {HOW_CHECK}"
    if not value.startswith("`"):
        return CommandCheck(value)
    if len(codes) == 1 and codes[0].span() == (0, len(value)):
        return CommandCheck(_plain(codes[0]))
    return f"the command does not end where the line ends; {HOW_CHECK}"


def _file(value: str, codes: list[re.Match[str]]) -> Check | str:
    words = _CODE.sub("`", value).split()
    match codes, words:
        case [path], ["`"] | ["`", "exists"]:
            return FileCheck(_plain(path))
        case [path, text], ["`", "contains", "`"]:
            return FileCheck(_plain(path), _plain(text))
        case [], [path] if "`" not in path:
            return FileCheck(path)
        case _:
            return f"this means nothing; {HOW_FILE}"


def _plain(code: re.Match[str]) -> str:
    """The text of a code span: one space on both sides is padding, as in CommonMark."""
    text = code["code"]
    padded = len(text) > 2 and text[0] == text[-1] == " " and text.strip()
    return text[1:-1] if padded else text


def _span(number: int, match: re.Match[str], group: str | int) -> Range:
    return Range(Position(number, match.start(group)), Position(number, match.end(group)))
