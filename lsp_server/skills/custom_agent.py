"""A `CustomAgent` is a way to work that a person wrote down: a text, its tools, its model, its mode.

The format is Claude Code's, which others share: a Markdown file whose head says what the
agent is for and whose body joins the system prompt. A run can be started as one, and a
run can give a part of its work to one. What the names of its tools mean here is said in
`tools/tool_bound.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lsp_server.domain.tasks import AgentProfile, Mode
from lsp_server.skills.front_matter import YamlValue
from lsp_server.skills.source import Origin, Problem
from lsp_server.skills.written_file import WrittenFile, can_be_typed, read_written_file

DESCRIPTION_CHARS_MAX = 1024


@dataclass(frozen=True, slots=True)
class CustomAgent:
    """A `CustomAgent` is one agent as it lies on the disk.

    `tools` are the only tools that it has, None: all but those in `without`, in the words
    of the file. `model` names one, empty for the run's own. `fingerprint` changes with the
    text, and `lines` says on which line a key stands, counted from 0.
    """

    noun: ClassVar[str] = "agent"

    name: str
    description: str
    body: str
    path: Path
    origin: Origin
    fingerprint: str
    tools: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    model: str = ""
    mode: Mode = "build"
    tools_line: int = 0

    @property
    def profile(self) -> AgentProfile:
        """Returns what a run keeps of it."""
        return AgentProfile(self.name, self.body, self.tools, self.without, self.model)


def read_agent(path: Path, origin: Origin) -> tuple[CustomAgent | None, tuple[Problem, ...]]:
    """Reads an agent; None, with the reason, when it cannot be used. Blocking."""
    written = read_written_file(path)
    if isinstance(written, Problem):
        return None, (written,)
    head = written.head
    name, description = head.text("name") or path.stem, head.text("description")
    wrong = tuple(_faults(written, name, path))
    problems = (*wrong, *_remarks(written, path))
    if wrong:
        return None, problems
    agent = CustomAgent(
        name,
        description[:DESCRIPTION_CHARS_MAX],
        written.body,
        path,
        origin,
        written.fingerprint,
        head.words("tools"),
        head.words("disallowedTools") or (),
        head.text("model"),
        _mode(written),
        head.lines.get("tools", 0),
    )
    return agent, problems


def _mode(written: WrittenFile) -> Mode:
    """Returns the mode; what says something else than `build` changes nothing."""
    head = written.head
    if head.text("permissionMode") == "plan" or head.values.get("mode", "build") != "build":
        return "plan"
    return "build"


def _faults(written: WrittenFile, name: str, path: Path) -> Iterator[Problem]:
    """Yields what keeps an agent from being used."""
    head = written.head
    if not can_be_typed(name):
        why = "its name cannot be typed; write letters, digits and hyphens"
        yield Problem(path, head.lines.get("name", 0), why)
    if not head.text("description"):
        why = "an agent needs a `description`, which says what it is good for"
        yield Problem(path, head.lines.get("description", 0), why)
    if not written.body:
        yield Problem(path, 0, "the agent has no text behind its front matter")
    for key in ("tools", "disallowedTools", "model"):
        value = head.values.get(key, "")
        if not isinstance(value, str) and (key == "model" or not _is_list_of_texts(value)):
            yield Problem(path, head.lines[key], f"`{key}` must be names, with commas or in a list")


def _remarks(written: WrittenFile, path: Path) -> Iterator[Problem]:
    """Yields what is wrong with an agent that can be used all the same."""
    head = written.head
    if not head.text("name"):
        yield Problem(path, 0, f"an agent needs a `name`; until it has one it is {path.stem!r}")
    if "mode" in head.values and head.text("mode") not in ("plan", "build"):
        why = "`mode` is plan or build; until it is one of them the agent changes nothing"
        yield Problem(path, head.lines["mode"], why)
    if head.words("tools") == ():
        why = "`tools` names none; leave it out for an agent that has all"
        yield Problem(path, head.lines["tools"], why)


def _is_list_of_texts(value: YamlValue) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
