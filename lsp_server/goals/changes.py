"""This module shows the judge what a run changed: diffs, and files that a goal names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.goals import Evidence
from lsp_server.text.diff import unified_diff
from lsp_server.workspace.files.disk import read_text
from lsp_server.workspace.files.encoding import decode
from lsp_server.workspace.files.paths import Workspace

FILES_MAX = 100
NAMED_CHARS_MAX = 8_000
NAMED_FILES_MAX = 10

ContentByName: TypeAlias = Callable[[str], bytes | None]
"""Gives a stored content by its name; None when it is not kept."""

_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class StopAttempt:
    """A `StopAttempt` has what a run that wants to stop can show for itself.

    `changes` has, by path, the changes of the run since it began: the content
    before the first and after the last. `closing` is its last message. `checked` are
    checks that the harness ran for it, which need not run again on the same tree.
    """

    changes: Mapping[str, FileChanged] = field(default_factory=dict)
    closing: str = ""
    checked: tuple[Evidence, ...] = ()


def changes_as_evidence(
    attempt: StopAttempt,
    workspace: Workspace,
    content: ContentByName,
    tree: str,
    visible: Callable[[Path], bool] = lambda _: True,
) -> Iterator[Evidence]:
    """Gives a diff for each changed file as it is now, or says that no file differs.

    `tree` is the hash of the working tree that is looked at. Files that are not
    `visible` are named without their contents. Blocking.
    """
    number = 0
    for path, change in sorted(attempt.changes.items())[:FILES_MAX]:
        before = content(change.before) if change.before else b""
        diff = _diff(path, before, _current_text(workspace, path))
        if not visible(workspace.root / path):
            diff = "(changed; a rule keeps its contents from being shown)"
        if diff:
            number += 1
            yield _seen(f"change-{number}", f"change of {path} by this run", diff, tree)
    if not number:
        yield _seen("change-0", "changes by this run", "(no file differs)", tree)


def named_files_as_evidence(
    texts: Iterable[str],
    workspace: Workspace,
    visible: Callable[[Path], bool],
    tree: str,
) -> Iterator[Evidence]:
    """Gives the contents of files that the texts of a goal name in backticks. Blocking."""
    names = dict.fromkeys(name for text in texts for name in _CODE.findall(text))
    number = 0
    for name in names:
        text = _named_text(workspace, name, visible)
        if text is not None and number < NAMED_FILES_MAX:
            number += 1
            yield _seen(f"file-{number}", f"contents of {name}", text, tree)


def closing_message(attempt: StopAttempt, tree: str) -> Evidence | None:
    """The closing message, for the judge to compare with the evidence; None if it is empty."""
    said = attempt.closing.strip()
    return _seen("closing", "the closing message", said, tree) if said else None


def _diff(path: str, before: bytes | None, after: str | None) -> str:
    if before is None:
        return "(changed; what it was before is not kept)"
    decoded = decode(before)
    text = unified_diff(path, decoded[0] if decoded else "(binary)\n", after or "")
    return f"(deleted)\n{text}" if after is None and text else text


def _current_text(workspace: Workspace, path: str) -> str | None:
    try:
        return read_text(workspace.resolve(path)).text
    except ToolError:
        return None


def _named_text(workspace: Workspace, name: str, visible: Callable[[Path], bool]) -> str | None:
    # Names of functions and commands stand in backticks too.
    if "/" not in name and "." not in name:
        return None
    try:
        path = workspace.resolve(name)
        return read_text(path).text[:NAMED_CHARS_MAX] if visible(path) else None
    except ToolError:
        return None


def _seen(name: str, check: str, text: str, tree: str) -> Evidence:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Evidence(name, check, True, text, 0.0, tree, at, ending="seen by the harness")
