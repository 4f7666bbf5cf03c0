"""This module finds what a person wants and where it is written: goals file and `GOAL:` comments.

An open buffer is the truth about its file. Everything else is read again only
when the name of its content changed.
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
from lsp_server.goals.comment_goals import CommentGoal, find_comment_goals
from lsp_server.goals.goals_document import GoalsDocument, parse_goals, unreadable_document
from lsp_server.workspace.files.disk import FileMissing, read_bytes, read_text
from lsp_server.workspace.files.documents import Documents

SOURCE_BYTES_MAX = 1_000_000
GOALS_BYTES_MAX = 300_000
TYPED_CHARS_MAX = 50_000
"""A longer goals file is not read with every key; it takes about 20 ms."""
PROSE = (".md", ".rst", ".txt", ".adoc")
"""In these files `# GOAL:` is a heading or a sentence."""

Comments: TypeAlias = tuple[CommentGoal, ...]
Scan: TypeAlias = Mapping[str, tuple[str, Comments]]
"""The comments of files by path, each with the name of the content that they are in."""


@dataclass(frozen=True, slots=True)
class ConditionLocation:
    """A `ConditionLocation` is a condition and its place.

    `range` is in `line` of the workspace-relative `path`.
    """

    path: str
    range: Range
    line: str
    goal: Goal
    condition: Condition


class GoalSources:
    """`GoalSources` finds the conditions of one workspace, with their places."""

    def __init__(self, root: Path, documents: Documents) -> None:
        self._root = root
        self._file = root / GOALS_FILE
        self._documents = documents
        self._parsed: tuple[object, GoalsDocument] = (None, parse_goals(""))
        self._scan: Scan = {}
        self._buffered: dict[Path, tuple[str, Comments]] = {}

    def document(self) -> GoalsDocument:
        """Returns the goals file as it is now, unsaved changes included; empty where there is none.

        A file that cannot be read is a problem, not an empty one. A long file that a
        person types into is as it was until `read` has read it.
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
        """Reads a long goals file off the event loop; says whether there was anything to read."""
        buffer = self._documents.buffers().get(self._file)
        if buffer is None or not self._is_long(buffer) or buffer is self._parsed[0]:
            return False
        self._parsed = (buffer, await asyncio.to_thread(parse_goals, buffer))
        return True

    def conditions(self) -> Iterator[ConditionLocation]:
        """Yields the conditions of the goals file, then each comment by path as a goal of its own."""
        for section in self.document().sections:
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
        """Says whether there is any condition, as far as known."""
        return next(self.conditions(), None) is not None

    def concerns(self, path: Path) -> bool:
        """Says whether a change of this buffer may change the conditions."""
        known = self._buffered.get(path)
        buffer = self._documents.buffers().get(path, "")
        return path == self._file or bool(known and known[1]) or "GOAL:" in buffer

    async def refresh(self, names: Mapping[str, str]) -> bool:
        """Reads the files whose content changed; says whether their conditions did.

        `names` are the names of all contents by workspace-relative path.
        """
        before = self._scan
        self._scan = await asyncio.to_thread(_scan, self._root, names, before)
        return _by_path(before) != _by_path(self._scan)

    def _comments(self) -> dict[str, Comments]:
        found = _by_path(self._scan)
        for path, text in self._documents.buffers().items():
            if not path.is_relative_to(self._root) or path.suffix in PROSE:
                continue
            name = path.relative_to(self._root).as_posix()
            known = self._buffered.get(path)
            # The same object is the same text; comparing long ones would cost more than it saves.
            if known is None or known[0] is not text:
                known = self._buffered[path] = (text, find_comment_goals(text, name))
            found[name] = known[1]
        return {path: comments for path, comments in found.items() if comments}

    def _is_long(self, buffer: str | None) -> bool:
        return buffer is not None and len(buffer) > TYPED_CHARS_MAX


def _signature(path: Path) -> tuple[int, ...] | None:
    """Returns a value that changes when the file may say something else; None where there is none."""
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # A file that becomes readable again has another signature then.
        return (error.errno or 0,)
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino


def _read(path: Path) -> GoalsDocument:
    try:
        return parse_goals(read_text(path, GOALS_BYTES_MAX).text)
    except FileMissing:
        return parse_goals("")
    except ToolError as error:
        # The hint is for a model that should use another tool; a person reads this.
        return unreadable_document(error.what)


def _by_path(scan: Scan) -> dict[str, Comments]:
    return {path: comments for path, (_, comments) in scan.items() if comments}


def _scan(root: Path, names: Mapping[str, str], known: Scan) -> Scan:
    """Reads the comments of every source file whose content is not known yet. Blocking."""
    found: dict[str, tuple[str, Comments]] = {}
    for path, name in names.items():
        before = known.get(path)
        if before is not None and before[0] == name:
            found[path] = before
        elif not path.endswith(PROSE):
            found[path] = (name, _comments_in(root / path, path))
    return found


def _comments_in(file: Path, path: str) -> Comments:
    try:
        # Most files have none, and a look at the bytes is far cheaper than decoding them.
        if b"GOAL:" not in read_bytes(file, SOURCE_BYTES_MAX):
            return ()
        return find_comment_goals(read_text(file).text, path)
    except ToolError:
        return ()
