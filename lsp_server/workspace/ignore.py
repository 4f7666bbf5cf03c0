"""Which files count, as git sees it, with rules of our own on top.

Read are `.gitignore` and `.holdfastignore` in every folder, those above the
workspace up to the repository's root, and `.git/info/exclude`; a person's
global git rules are not. Deeper rules win, `.holdfastignore` wins over
`.gitignore` beside it. What tools leave behind (`DERIVED`) is ignored unless a
rule says otherwise; what version control and Holdfast keep (`INTERNAL`) always.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from lsp_server.settings.regular_files import open_regular
from lsp_server.workspace.disk import STAGING_PREFIX
from lsp_server.workspace.linear_patterns import linear
from lsp_server.workspace.paths import Workspace

INTERNAL = frozenset({".git", ".hg", ".svn", ".jj", ".holdfast"})
DERIVED = (
    "node_modules/",
    ".venv/",
    "__pycache__/",
    "*.pyc",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".tox/",
    ".DS_Store",
)
RULE_FILES = (".gitignore", ".holdfastignore")
RULE_FILE_BYTES_MAX = 1_000_000
RULES_MAX = 5_000
"""In one list; each is tried on each path."""
RULE_CHARS_MAX = 4096
"""As long as a path can be."""

_UNWRITABLE = re.compile("[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")

Skipped: TypeAlias = Callable[[str, str], None]
"""Told of a path that cannot be walked, and why."""


class Patterns:
    """Lines in the language of `.gitignore`; unreadable ones are left out, as git does."""

    def __init__(self, lines: Iterable[str]) -> None:
        kept = islice(lines, RULES_MAX)
        self._spec = _compile([_as_git_means(line) for line in kept if _readable(line)])

    @property
    def usable(self) -> bool:
        """Whether any line says something."""
        return any(pattern.include is not None for pattern in self._spec.patterns)

    def decide(self, path: str) -> bool | None:
        """True: matched, False: negated, None: no word on it. A folder ends with `/`."""
        return self._spec.check_file(path).include

    def decide_alone(self, path: str) -> bool | None:
        """The same, by what matches the path itself and not a folder above it."""
        for pattern in reversed(self._spec.patterns):
            if pattern.regex is not None and pattern.regex.fullmatch(path):
                return pattern.include
        return None


class Ignore:
    """The rules of one workspace, read anew for each question."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._compiled: dict[tuple[str, ...], Patterns] = {}

    def matches(self, path: Path) -> bool:
        """Whether a canonical path does not count; outside of the workspace nothing does."""
        if not self._workspace.inside(path):
            return True
        relative = self._workspace.relative(path)
        if relative == ".":
            return False
        scopes = self._outer_scopes()
        parts = relative.split("/")
        for depth, name in enumerate(parts):
            folder = "".join(f"{part}/" for part in parts[:depth])
            scopes = self._entered(scopes, folder)
            is_folder = depth + 1 < len(parts) or path.is_dir()
            if name in INTERNAL or _ignored(scopes, f"{folder}{name}{'/' * is_folder}"):
                return True
        return False

    def walk(self, folder: Path | None = None, skipped: Skipped = lambda *_: None) -> Iterator[str]:
        """Every regular file that counts, relative with slashes, lazily and in order."""
        for path, entry in self.scan(folder, skipped):
            if entry.is_file(follow_symlinks=False):
                yield path

    def scan(
        self, folder: Path | None = None, skipped: Skipped = lambda *_: None
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Every entry that counts and is no folder; symbolic links are not followed."""
        start = self._workspace.relative(folder) if folder else "."
        if folder and start != "." and self.matches(folder):
            return
        prefix, scopes = "", self._outer_scopes()
        for part in [] if start == "." else start.split("/"):
            scopes = self._entered(scopes, prefix)
            prefix += f"{part}/"
        stack = [self._listed(prefix, scopes, skipped)]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
                continue
            path, entry, within = found
            if path.endswith("/"):
                stack.append(self._listed(path, within, skipped))
            else:
                yield path, entry

    def _listed(
        self, folder: str, scopes: Scopes, skipped: Skipped
    ) -> Iterator[tuple[str, os.DirEntry[str], Scopes]]:
        """What counts in one folder; folders end with `/`."""
        try:
            with os.scandir(self._workspace.root / folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            skipped(folder, error.strerror or "unreadable")
            return
        if not folder or any(entry.name in RULE_FILES for entry in entries):
            scopes = self._entered(scopes, folder)
        for entry in entries:
            name = entry.name
            if name in INTERNAL or name.startswith(STAGING_PREFIX):
                continue
            if name in RULE_FILES and not entry.is_file():
                skipped(folder + name, "it is no file, so its rules are not known")
            if _UNWRITABLE.search(name):
                skipped(folder + ascii(name), "its name cannot be written on one line of text")
                continue
            path = folder + name + ("/" if entry.is_dir(follow_symlinks=False) else "")
            if not _ignored(scopes, path):
                yield path, entry, scopes

    def _outer_scopes(self) -> Scopes:
        """Rules from above the workspace, unless they would ignore all of it."""
        root = self._workspace.root
        repository = next((at for at in (root, *root.parents) if (at / ".git").exists()), root)
        scopes: Scopes = ()
        above = root.relative_to(repository).parts
        for depth in range(len(above)):
            rest = "/".join(above[depth:]) + "/"
            lines = _lines(repository.joinpath(*above[:depth]))
            if not depth:
                lines = (*_lines_of(repository / ".git" / "info" / "exclude"), *lines)
            if lines:
                scopes += (Scope(0, rest, self._patterns(lines)),)
        return () if _ignored(scopes, "") else scopes

    def _entered(self, scopes: Scopes, folder: str) -> Scopes:
        """The scopes inside `folder`, which is relative and ends with `/`, or is empty."""
        lines = _lines(self._workspace.root / folder)
        if not folder:
            exclude = self._workspace.root / ".git" / "info" / "exclude"
            lines = (*DERIVED, *_lines_of(exclude), *lines)
        return (*scopes, Scope(len(folder), "", self._patterns(lines))) if lines else scopes

    def _patterns(self, lines: tuple[str, ...]) -> Patterns:
        found = self._compiled.get(lines)
        if found is None:
            found = self._compiled[lines] = Patterns(lines)
        return found


@dataclass(frozen=True, slots=True)
class Scope:
    """Patterns with the way from a path of the workspace to the folder they stand in."""

    drop: int
    add: str
    patterns: Patterns

    def decide(self, path: str) -> bool | None:
        # Of the folders above it was decided on the way down.
        return self.patterns.decide_alone(self.add + path[self.drop :])


Scopes: TypeAlias = tuple[Scope, ...]
"""The deepest last."""


def _ignored(scopes: Scopes, path: str) -> bool:
    for scope in reversed(scopes):
        decision = scope.decide(path)
        if decision is not None:
            return decision
    return False


def _lines(folder: Path) -> tuple[str, ...]:
    return tuple(line for name in RULE_FILES for line in _lines_of(folder / name))


def _lines_of(file: Path) -> tuple[str, ...]:
    try:
        with open_regular(file) as opened:
            text = opened.read(RULE_FILE_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(text.removeprefix("\ufeff").splitlines())


def _compile(lines: list[str]) -> GitIgnoreSpec:
    spec = GitIgnoreSpec.from_lines(lines, backend="simple")
    for pattern in spec.patterns:
        if pattern.regex is not None:
            pattern.regex = linear(pattern.regex)
    return spec


def _readable(line: str) -> bool:
    if len(line) > RULE_CHARS_MAX:
        return False
    try:
        _compile([line])
    except (GitIgnorePatternError, re.error):
        return False
    return bool(line.strip("!/ "))


def _as_git_means(line: str) -> str:
    """`a/**` ignores what is in `a`, not `a` itself, so that parts of it can be negated."""
    return f"{line}/*" if line.endswith("/**") else line
