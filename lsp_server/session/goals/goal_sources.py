"""What a person wants and where it is written: the goals file and `GOAL:` comments.

An open buffer is the truth about its file. Everything else is looked at again
only when the name of its content moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.edits import Range
from lsp_server.domain.errors import ToolError
from lsp_server.domain.goals import GOALS_FILE, Condition, Goal
from lsp_server.goals.goals_document import (
    CommentGoal,
    GoalsDocument,
    comment_goals,
    parse_goals,
    unreadable,
)
from lsp_server.workspace.disk import FileMissing, read_bytes, read_text
from lsp_server.workspace.documents import Documents

SOURCE_BYTES_MAX = 1_000_000
GOALS_BYTES_MAX = 300_000
TYPED_CHARS_MAX = 50_000
"""A longer goals file is not read with every key; it takes about 20 ms."""
PROSE = (".md", ".rst", ".txt", ".adoc")
"""Where `# GOAL:` is a heading or a sentence."""

Sources: TypeAlias = Mapping[str, tuple[str, tuple[CommentGoal, ...]]]
"""The comments of files, by path, with the name of the content that they are in."""


@dataclass(frozen=True, slots=True)
class ConditionLocation:
    """A condition where it stands: `range` is in `line` of the workspace-relative `path`."""

    path: str
    range: Range
    line: str
    goal: Goal
    condition: Condition


class GoalSources:
    """The conditions of one workspace with their places."""

    def __init__(self, root: Path, documents: Documents) -> None:
        self._root = root
        self._file = root / GOALS_FILE
        self._documents = documents
        self._parsed: tuple[object, GoalsDocument] = (None, parse_goals(""))
        self._sources: Sources = {}
        self._buffered: dict[Path, tuple[str, tuple[CommentGoal, ...]]] = {}

    def contract(self) -> GoalsDocument:
        """What the goals file says, unsaved changes included; empty where there is none.

        One that cannot be read is a problem, not an empty one.

        A long one that a person types into is read in `read`; until then it is
        what it was.
        """
        buffer = self._documents.buffers().get(self._file)
        signature: object = buffer if buffer is not None else _signature(self._file)
        waits = self._parsed[0] is not None and self._is_long(buffer)
        if signature != self._parsed[0] and not waits:
            self._parsed = (
                signature,
                parse_goals(buffer) if buffer is not None else _read(self._file),
            )
        return self._parsed[1]

    async def read(self) -> bool:
        """Reads a long goals file off the event loop; whether there was anything to read."""
        buffer = self._documents.buffers().get(self._file)
        if buffer is None or not self._is_long(buffer) or buffer is self._parsed[0]:
            return False
        self._parsed = (buffer, await asyncio.to_thread(parse_goals, buffer))
        return True

    def _is_long(self, buffer: str | None) -> bool:
        return buffer is not None and len(buffer) > TYPED_CHARS_MAX

    def conditions(self) -> Iterator[ConditionLocation]:
        """The goals file first, then comments by path, each a goal of its own."""
        for section in self.contract().sections:
            for entry in section.entries:
                yield ConditionLocation(
                    GOALS_FILE, entry.range, entry.line, section.goal, entry.condition
                )
        for path, found in sorted(self._comments().items()):
            for comment in found:
                title = f"{comment.condition.text} (a comment in `{path}`)"
                goal = Goal(comment.condition.id, title, (comment.condition,))
                yield ConditionLocation(path, comment.range, comment.line, goal, comment.condition)

    def any(self) -> bool:
        """Whether anything is stated, as far as known."""
        return next(self.conditions(), None) is not None

    def concerns(self, path: Path) -> bool:
        """Whether a change of this buffer may state something else."""
        known = self._buffered.get(path)
        buffer = self._documents.buffers().get(path, "")
        return path == self._file or bool(known and known[1]) or "GOAL:" in buffer

    async def look(self, names: Mapping[str, str]) -> bool:
        """Looks at the files whose content moved; whether what they state did."""
        before = self._sources
        self._sources = await asyncio.to_thread(_scanned, self._root, names, before)
        return _found(before) != _found(self._sources)

    def _comments(self) -> dict[str, tuple[CommentGoal, ...]]:
        """By path; a buffer is the truth about its file."""
        found = _found(self._sources)
        for path, text in self._documents.buffers().items():
            if not path.is_relative_to(self._root) or path.suffix in PROSE:
                continue
            name = path.relative_to(self._root).as_posix()
            known = self._buffered.get(path)
            if known is None or known[0] is not text:
                known = self._buffered[path] = (text, comment_goals(text, name))
            found[name] = known[1]
        return {path: each for path, each in found.items() if each}


def _signature(path: Path) -> tuple[int, ...] | None:
    """What moves when the file may say something else; None where there is none."""
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return (error.errno or 0,)
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino


def _read(path: Path) -> GoalsDocument:
    try:
        return parse_goals(read_text(path, GOALS_BYTES_MAX).text)
    except FileMissing:
        return parse_goals("")
    except ToolError as error:
        # What stands behind the semicolon tells a model which tool to use instead.
        return unreadable(str(error).partition("; use ")[0])


def _found(sources: Sources) -> dict[str, tuple[CommentGoal, ...]]:
    return {path: each for path, (_, each) in sources.items() if each}


def _scanned(root: Path, names: Mapping[str, str], known: Sources) -> Sources:
    """The comments of every source file. Blocking."""
    found: dict[str, tuple[str, tuple[CommentGoal, ...]]] = {}
    for path, name in names.items():
        before = known.get(path)
        if before is not None and before[0] == name:
            found[path] = before
        elif not path.endswith(PROSE):
            found[path] = (name, _comments_in(root / path, path))
    return found


def _comments_in(file: Path, path: str) -> tuple[CommentGoal, ...]:
    try:
        if b"GOAL:" not in read_bytes(file, SOURCE_BYTES_MAX):
            return ()
        return comment_goals(read_text(file).text, path)
    except ToolError:
        return ()
