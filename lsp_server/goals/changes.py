"""What a run changed, as evidence for the judge: diffs, and files that a goal names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.goals import Evidence
from lsp_server.workspace.disk import read_text
from lsp_server.workspace.paths import Workspace

FILES_MAX = 100
DIFF_CHARS_MAX = 20_000
NAMED_CHARS_MAX = 8_000
NAMED_FILES_MAX = 10

Kept = Callable[[str], bytes | None]
"""A stored content by its name; None when it is not kept."""

_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class StopAttempt:
    """A run that wants to stop.

    `changes` is by path what the run changed since it began: the content
    before the first change and after the last. `closing` is its last message.
    """

    changes: Mapping[str, FileChanged] = field(default_factory=dict)
    closing: str = ""


def changes_as_evidence(
    attempt: StopAttempt,
    workspace: Workspace,
    kept: Kept,
    tree: str,
    visible: Callable[[Path], bool] = lambda _: True,
) -> Iterator[Evidence]:
    """A diff for each changed file as it is now, or that there is none. Blocking."""
    number = 0
    for path, change in sorted(attempt.changes.items())[:FILES_MAX]:
        before = kept(change.before) if change.before else b""
        diff = _diff(path, before, _now(workspace, path))
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
    """The contents of files that a goal names in backticks. Blocking."""
    names = dict.fromkeys(name for text in texts for name in _CODE.findall(text))
    number = 0
    for name in names:
        text = _named(workspace, name, visible)
        if text is not None and number < NAMED_FILES_MAX:
            number += 1
            yield _seen(f"file-{number}", f"contents of {name}", text, tree)


def closing_message(attempt: StopAttempt, tree: str) -> Evidence | None:
    """The closing message, for the judge to hold against the evidence."""
    said = attempt.closing.strip()
    return _seen("closing", "the closing message", said, tree) if said else None


def _diff(path: str, before: bytes | None, after: str | None) -> str:
    if before is None:
        return "(changed; what it was before is not kept)"
    old = before.decode("utf-8", "replace").splitlines()
    lines = difflib.unified_diff(old, (after or "").splitlines(), path, path, lineterm="", n=3)
    text = "\n".join(lines)
    if after is None and text:
        text = f"(deleted)\n{text}"
    if len(text) > DIFF_CHARS_MAX:
        text = f"{text[:DIFF_CHARS_MAX]}\n({len(text) - DIFF_CHARS_MAX} more characters)"
    return text


def _now(workspace: Workspace, path: str) -> str | None:
    try:
        return read_text(workspace.resolve(path)).text
    except ToolError:
        return None


def _named(workspace: Workspace, name: str, visible: Callable[[Path], bool]) -> str | None:
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
