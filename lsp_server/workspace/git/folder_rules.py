"""This module decides which entries of a folder count, by the rules that hold in it.

Rules of our own decide first, then what git tracks, then git's rules, the deepest
first, and last those for files that tools make.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from lsp_server.workspace.git.git_index import NOTHING_TRACKED, Tracked
from lsp_server.workspace.git.patterns import SMALL, Patterns

Lines: TypeAlias = tuple[str, ...]


class Verdict(Enum):
    """A `Verdict` says what becomes of an entry. Of a folder that is ignored, what git tracks in it counts."""

    COUNTS = auto()
    IGNORED = auto()
    HIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Scope:
    """A `Scope` applies patterns, made of `lines`, to paths without their first `drop` characters."""

    patterns: Patterns
    drop: int
    lines: Lines

    def decide(self, path: str) -> bool | None:
        """Decides as Patterns does."""
        # The folders above were decided on the way down.
        return self.patterns.decide_alone(path[self.drop :])


Scopes: TypeAlias = tuple[Scope, ...]
"""The deepest last."""


@dataclass(frozen=True, slots=True)
class TrackedFiles:
    """A `TrackedFiles` has what git tracks, for paths without their first `drop` characters."""

    tracked: Tracked = NOTHING_TRACKED
    drop: int = 0
    ignores_case: bool = False

    def has(self, path: str) -> bool:
        """Says whether a file is tracked, or something in a folder."""
        own = path[self.drop :]
        return self.tracked.has(own.translate(SMALL) if self.ignores_case else own)


@dataclass(frozen=True, slots=True)
class FolderRules:
    """A `FolderRules` has the rules for the entries of one folder.

    `own` come from `.holdfastignore`, `of_git` from all else. Where git ignores the folder
    itself, `is_ignored`, only what it tracks counts. `above` is put before paths of the
    workspace: the folders between it and the repository's root.
    """

    own: Scopes = ()
    of_git: Scopes = ()
    tracked: TrackedFiles = TrackedFiles()
    is_ignored: bool = False
    above: str = ""

    def verdict(self, path: str) -> Verdict:
        """Decides on an entry by its path in the workspace, a folder's ending with `/`."""
        whole = self.above + path
        text = pattern_text(whole)
        hidden = _decide(self.own, text)
        if hidden is not None:
            return Verdict.HIDDEN if hidden else Verdict.COUNTS
        if not self.is_ignored and not _decide(self.of_git, text):
            return Verdict.COUNTS
        return Verdict.IGNORED if self.tracked.has(whole) else Verdict.HIDDEN


def _decide(scopes: Scopes, text: str) -> bool | None:
    """Decides by the deepest scope that says something."""
    for scope in reversed(scopes):
        decision = scope.decide(text)
        if decision is not None:
            return decision
    return None


def pattern_text(path: str) -> str:
    """Returns the path as git compares it: a character for each byte."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")
