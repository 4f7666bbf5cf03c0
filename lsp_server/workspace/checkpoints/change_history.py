"""This module says what a path was before the changes of a run, with what a person changed since.

A history has the changes of one path in their order. They are taken back newest
first. Where a text is not as the run left it, the difference is merged in; what
cannot be merged is a conflict.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.workspace.checkpoints.conflict_words import OF_UNDO, ConflictWords
from lsp_server.workspace.checkpoints.file_state import FileState, UnreadState, read_state
from lsp_server.workspace.checkpoints.merge import merge

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """A `Link` is a symbolic link to what it says, whether that is there or not."""

    target: bytes


Content: TypeAlias = str | bytes | Link | UnreadState | None
"""A text, a binary content, a link, something that was not read, or no file."""


def content_before(
    current: Content,
    history: Sequence[FileChanged],
    contents: Mapping[str, Content],
    words: ConflictWords = OF_UNDO,
) -> Content:
    """Returns the content without the changes; `contents` are those that the history names.

    Raises ToolError for a conflict, in these words.
    """
    # Undone already, by hand or by an undo before: taking it back again would do harm.
    if current == _content(history[0].before, contents):
        return current
    for change in reversed(history):
        before, after = _content(change.before, contents), _content(change.after, contents)
        if current == after:
            current = before
        elif current != before:
            current = _merge(after, current, before, words)
    return current


def mode_before(current: int | None, history: Sequence[FileChanged]) -> int | None:
    """Returns the permission bits without the changes; None for those that a new file gets.

    `current` are those of now, None when there is no file.
    """
    states = {name: _file(name) for one in history for name in (one.before, one.after) if name}
    files = {name: state for name, state in states.items() if state is not None}
    modes = {name: state.mode for name, state in files.items() if state.mode is not None}
    if len(modes) == len(files):
        return value_before(current, history, modes)
    # An earlier version kept no more than whether a file may be executed.
    now = None if current is None else bool(current & stat.S_IXUSR)
    rights = {name: state.is_executable for name, state in files.items()}
    executable = value_before(now, history, rights)
    if executable is None or executable == now:
        return current
    if current is None:
        return 0o755 if executable else None
    # Whoever may read the file may execute it, as after `chmod +x`.
    return current | (current & 0o444) >> 2 if executable else current & ~0o111


def value_before(
    current: T | None, history: Sequence[FileChanged], values: Mapping[str, T]
) -> T | None:
    """Returns what a property was before the changes; `values` has it for each state that has it."""

    # What a person has changed since stays.
    for change in reversed(history):
        before = values.get(change.before) if change.before else None
        after = values.get(change.after) if change.after else None
        if before is not None and before != after and current in (after, None):
            current = before
    return current


def _file(name: str) -> FileState | None:
    state = read_state(name)
    return state if isinstance(state, FileState) else None


def _content(name: str | None, contents: Mapping[str, Content]) -> Content:
    return contents[name] if name else None


def _merge(after: Content, current: Content, before: Content, words: ConflictWords) -> str:
    match after, current, before:
        case str(), str(), str():
            merged = merge(after, current, before)
            if merged is None:
                raise ToolError(words.lines, words.hint)
            return merged
        case _, Link(), _:
            raise ToolError(words.link)
        case None, _, _:
            raise ToolError(words.made)
        case _, None, _:
            raise ToolError(words.gone)
        case _, _, None:
            raise ToolError(words.changed)
        case _:
            raise ToolError(words.binary)
