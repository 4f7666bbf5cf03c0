"""This module reads a workflow as a person writes it: Markdown with a heading for each node.

Front matter is optional. What stands above the first `##` is told to every node; a `##` is a
node, with its keys as a list right below, its task in words, and its conditions and checks as
in the goals file.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lsp_server.domain.goals import Check, Condition, describe
from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Mode
from lsp_server.domain.workflows import (
    ATTEMPTS_MAX,
    REWORKS_MAX,
    Workflow,
    WorkflowNode,
    graph_faults,
)
from lsp_server.goals.check_syntax import KEYS, parse_check
from lsp_server.goals.goal_ids import GoalIds
from lsp_server.goals.goals_document import parse_goals
from lsp_server.settings.regular_files import read_whole
from lsp_server.skills.front_matter import FENCE, FrontMatter, FrontMatterError, read_front_matter
from lsp_server.skills.source import Origin, Problem
from lsp_server.skills.written_file import FILE_BYTES_MAX, can_be_typed
from lsp_server.text.excerpt import split_lines
from lsp_server.text.hidden_lines import HiddenLines
from lsp_server.text.truncate import first_line

DESCRIPTION_CHARS_MAX = 200
TITLE_CHARS_MAX = 200
NODE_KEYS = ("needs", "agent", "attempts", "rework", "mode")

NO_NODE = "there is no node; write one as `## name`, with its task below"
HOW_KEYS = "the keys of a node are " + ", ".join(NODE_KEYS)

_SIMILAR = 0.75
"""The likeness, from 0 to 1, from which on a word is taken for a key with a typing error."""
_NODE = re.compile(r"##(?=[ \t]|$)(?P<title>.*)")
_KEY = re.compile(r"[-*+][ \t]+(?P<key>[A-Za-z]+)[ \t]*:(?P<value>.*)")
_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class WrittenWorkflow:
    """A `WrittenWorkflow` is a workflow as it lies on the disk.

    `body` is its text, which a person trusts, and `fingerprint` changes with it.
    """

    workflow: Workflow
    description: str
    body: str
    path: Path
    origin: Origin
    fingerprint: str

    @property
    def name(self) -> str:
        """Returns the name by which it is run: that of its file."""
        return self.workflow.name


@dataclass(slots=True)
class _Draft:
    """A node while its lines are read; `line` is that of its heading, counted from 0."""

    line: int
    heading: str
    lines: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)


def read_workflow(path: Path, origin: Origin) -> tuple[WrittenWorkflow | None, tuple[Problem, ...]]:
    """Reads a workflow; None, with all that is wrong, where it cannot be run. Blocking."""
    try:
        data = read_whole(path, FILE_BYTES_MAX)
        text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
        head = read_front_matter(text) if text.startswith(FENCE) else FrontMatter({}, {}, text)
    except FrontMatterError as error:
        return None, (Problem(path, error.line, str(error)),)
    except UnicodeDecodeError:
        return None, (Problem(path, 0, "the file is no UTF-8 text"),)
    except OSError as error:
        return None, (Problem(path, 0, f"it cannot be read: {error.strerror or error}"),)
    reader = _Reader(path, text)
    workflow = reader.workflow(path.stem)
    if reader.problems:
        return None, tuple(reader.problems)
    description = head.text("description") or first_line(
        workflow.common.lstrip("# "), DESCRIPTION_CHARS_MAX
    )
    written = WrittenWorkflow(
        workflow,
        description[:DESCRIPTION_CHARS_MAX],
        text.strip(),
        path,
        origin,
        hashlib.sha256(data).hexdigest(),
    )
    return written, ()


class _Reader:
    """Reads the lines of a workflow file, once from top to bottom."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _without_head(split_lines(text))
        self._ids = GoalIds()
        self.problems: list[Problem] = []

    def workflow(self, name: str) -> Workflow:
        """Reads all of it; what is wrong is in `problems`."""
        if not can_be_typed(name):
            self._report(0, "its name cannot be typed; write letters, digits and hyphens")
        common, drafts = self._sections()
        nodes = _with_ids([self._node(draft) for draft in drafts])
        for fault in graph_faults(nodes):
            if not drafts:
                self._report(0, NO_NODE)
                break
            draft = drafts[fault.node]
            line = draft.places.get("needs", draft.line) if fault.in_needs else draft.line
            self._report(line, fault.message)
        self.problems.sort(key=lambda problem: problem.line)
        return Workflow(name, tuple(nodes), "\n".join(common).strip())

    def _sections(self) -> tuple[list[str], list[_Draft]]:
        common: list[str] = []
        drafts: list[_Draft] = []
        hidden = HiddenLines()
        for number, line in enumerate(self._lines):
            heading = None if hidden.hides(line) else _NODE.match(line)
            if heading is not None:
                drafts.append(_Draft(number, _without_closing(heading["title"])))
            else:
                (drafts[-1].lines if drafts else common).append(line)
        return common, drafts

    def _node(self, draft: _Draft) -> WorkflowNode:
        node_id, title = _named(draft.heading)
        if not node_id:
            self._report(draft.line, "the node has no name; write it as `## name`")
        self._take_keys(draft)
        conditions, task = self._conditions(draft)
        if not task and not conditions:
            why = f"the node {node_id} says nothing; write its task below its heading"
            self._report(draft.line, why)
        mode, attempts = self._mode(draft), self._number(draft, "attempts", 1, 1, ATTEMPTS_MAX)
        if mode == "plan" and attempts > 1:
            self._report(
                draft.places["attempts"], "attempts change files, and plan mode changes none"
            )
        return WorkflowNode(
            id=node_id,
            title=title[:TITLE_CHARS_MAX],
            task=task,
            needs=_needs(draft.values.get("needs", "")),
            agent=draft.values.get("agent", "").strip("` "),
            mode=mode,
            attempts=attempts,
            reworks=self._number(draft, "rework", 1, 0, REWORKS_MAX),
            conditions=conditions,
        )

    def _take_keys(self, draft: _Draft) -> None:
        """Takes the keys right below the heading, and checks anywhere, out of the lines of a node."""
        hidden, in_keys = HiddenLines(), True
        for place, line in enumerate(draft.lines):
            match = None if hidden.hides(line) else _KEY.match(line)
            key = match["key"].lower() if match is not None else ""
            if match is not None and self._take(
                draft, place, key, match["value"].strip(_BLANKS), in_keys=in_keys
            ):
                draft.lines[place] = ""
            elif line.strip():
                in_keys = False

    def _take(self, draft: _Draft, place: int, key: str, value: str, *, in_keys: bool) -> bool:
        """Takes a line of a list if it is a key or a check of the node."""
        line = draft.line + 1 + place
        if key in KEYS:
            check = parse_check(key, value)
            if isinstance(check, str):
                self._report(line, check)
            else:
                draft.checks.append(check)
        elif in_keys and key in draft.values:
            self._report(line, f"the key {key!r} is there twice")
        elif in_keys and key in NODE_KEYS:
            draft.values[key], draft.places[key] = value, line
        elif key == "needs":
            self._report(line, "write `needs` right below the heading of its node")
        elif in_keys and difflib.get_close_matches(key, NODE_KEYS, n=1, cutoff=_SIMILAR):
            self._report(line, f"`{key}:` means nothing here; {HOW_KEYS}")
        else:
            return False
        return True

    def _conditions(self, draft: _Draft) -> tuple[tuple[Condition, ...], str]:
        """Returns what must hold for a node, and what is left of its lines: the task in words."""
        document = parse_goals("\n".join(draft.lines))
        for problem in document.problems:
            self._report(draft.line + 1 + problem.range.start.line, problem.message)
        conditions: list[Condition] = []
        left = dict(enumerate(draft.lines))
        for entry in document.entries:
            conditions.append(entry.condition)
            for line in range(entry.range.start.line, entry.last_line + 1):
                left.pop(line, None)
        for check in draft.checks:
            text = f"`{describe(check)}` holds"
            conditions.append(Condition(self._ids.condition_id(text, (check,)), text, (check,)))
        return tuple({one.id: one for one in conditions}.values()), "\n".join(left.values()).strip()

    def _number(self, draft: _Draft, key: str, default: int, least: int, most: int) -> int:
        value = draft.values.get(key)
        if value is None:
            return default
        if value.isdecimal() and len(value) < 4 and least <= int(value) <= most:
            return int(value)
        self._report(draft.places[key], f"`{key}` is a number from {least} to {most}")
        return default

    def _mode(self, draft: _Draft) -> Mode:
        match draft.values.get("mode", "build"):
            case "build":
                return "build"
            case "plan":
                return "plan"
            case _:
                self._report(draft.places["mode"], "`mode` is plan or build")
                return "plan"

    def _report(self, line: int, message: str) -> None:
        self.problems.append(Problem(self._path, line, message))


def _without_head(lines: list[str]) -> list[str]:
    """Returns the lines with the front matter blank, so that the others keep their numbers."""
    if not lines or lines[0].rstrip() != FENCE:
        return lines
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), 0)
    return ["" for _ in lines[: end + 1]] + lines[end + 1 :]


def _named(heading: str) -> tuple[Id, str]:
    """Returns the id and the title of a node: `id: title`, or a title that gives the id.

    >>> _named("tests: Write the tests"), _named("Write the tests")
    (('tests', 'Write the tests'), ('write-the-tests', 'Write the tests'))
    """
    first, colon, rest = heading.partition(":")
    if colon and rest.strip() and can_be_typed(first.strip()):
        return _slug(first), rest.strip()
    return _slug(heading), heading.strip()


def _needs(value: str) -> tuple[Id, ...]:
    return tuple(dict.fromkeys(_slug(one.strip("` ")) for one in value.split(",") if one.strip()))


def _with_ids(nodes: Sequence[WorkflowNode]) -> list[WorkflowNode]:
    """Returns the nodes with the id of each that one needs, also where it names the title."""
    by_title = {_slug(node.title): node.id for node in nodes} | {node.id: node.id for node in nodes}
    return [
        replace(node, needs=tuple(dict.fromkeys(by_title.get(one, one) for one in node.needs)))
        for node in nodes
    ]


def _slug(text: str) -> Id:
    return GoalIds().goal_id(text) if re.search(r"\w", text) else ""


def _without_closing(title: str) -> str:
    """Returns the text of a heading without the signs that may close it, as Markdown has them.

    >>> _without_closing(" Cut the release ##"), _without_closing(" C#")
    ('Cut the release', 'C#')
    """
    title = title.strip(_BLANKS)
    rest = title.rstrip("#")
    return rest.rstrip(_BLANKS) if rest[-1:] in ("", *_BLANKS) else title
