"""This module decides which files count, as git does, with rules of our own on top.

It reads `.gitignore` and `.holdfastignore` in every folder, those above the
workspace up to the repository's root, and `.git/info/exclude`, but not a person's
global git rules. Deeper rules win, `.holdfastignore` wins over
`.gitignore` beside it. Files that tools make (`DERIVED`) are ignored unless a
rule says otherwise, those of version control and Holdfast (`INTERNAL`) always.
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
from lsp_server.system.atomic_file import STAGING_PREFIX
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
"""Is called with a path that cannot be walked, and the reason."""


class Patterns:
    """A `Patterns` has lines in the language of `.gitignore`; unreadable ones are left out, as git does.

    >>> patterns = Patterns(["*.log", "!keep.log"])
    >>> patterns.decide("a/b.log"), patterns.decide("keep.log"), patterns.decide("a.py")
    (True, False, None)
    """

    def __init__(self, lines: Iterable[str]) -> None:
        kept = islice(lines, RULES_MAX)
        self._spec = _compile([_as_git_means(line) for line in kept if _readable(line)])

    @property
    def usable(self) -> bool:
        """Returns whether any line is a pattern."""
        return any(pattern.include is not None for pattern in self._spec.patterns)

    def decide(self, path: str) -> bool | None:
        """Returns whether the path is matched (True) or negated (False); None when no line says.

        A folder ends with `/`.
        """
        return self._spec.check_file(path).include

    def decide_alone(self, path: str) -> bool | None:
        """Decides as `decide`, by lines that match the path itself and no folder above it."""
        for pattern in reversed(self._spec.patterns):
            if pattern.regex is not None and pattern.regex.fullmatch(path):
                return pattern.include
        return None


class Ignore:
    """The ignore rules of one workspace, read anew for each question.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name, text in {"a.py": "", "b.log": "", ".gitignore": "*.log"}.items():
    ...     _ = (root / name).write_text(text)
    >>> list(Ignore(Workspace(root)).walk())
    ['.gitignore', 'a.py']
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._compiled: dict[tuple[str, ...], Patterns] = {}

    def matches(self, path: Path) -> bool:
        """Returns whether a canonical path is ignored; everything outside of the workspace is."""
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
        """Gives every regular file that counts, relative with slashes, lazily and in order.

        `skipped` is called with each folder or name that cannot be walked, and why.
        """
        for path, entry in self.scan(folder, skipped):
            if entry.is_file(follow_symlinks=False):
                yield path

    def scan(
        self, folder: Path | None = None, skipped: Skipped = lambda *_: None
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Gives every entry that counts and is no folder; symbolic links are not followed."""
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
        """The entries of one folder that count; folders end with `/`."""
        try:
            with os.scandir(self._workspace.root / folder) as listing:
                # Sorted, so that two walks over one tree give the same.
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
        # A person who opens an ignored folder wants to work in it all the same.
        return () if _ignored(scopes, "") else scopes

    def _entered(self, scopes: Scopes, folder: str) -> Scopes:
        """The scopes inside `folder`, which is relative and ends with `/`, or is empty."""
        lines = _lines(self._workspace.root / folder)
        if not folder:
            exclude = self._workspace.root / ".git" / "info" / "exclude"
            lines = (*DERIVED, *_lines_of(exclude), *lines)
        return (*scopes, Scope(len(folder), "", self._patterns(lines))) if lines else scopes

    def _patterns(self, lines: tuple[str, ...]) -> Patterns:
        # Compiling is what costs, and many folders have the same rules or none.
        found = self._compiled.get(lines)
        if found is None:
            found = self._compiled[lines] = Patterns(lines)
        return found


@dataclass(frozen=True, slots=True)
class Scope:
    """A `Scope` applies the patterns of one folder to paths of the workspace.

    The first `drop` characters of the path go, `add` is put before the rest.
    """

    drop: int
    add: str
    patterns: Patterns

    def decide(self, path: str) -> bool | None:
        """Decides as Patterns does."""
        # The folders above were decided on the way down.
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
