"""This module reads the rules that decide which files count, from wherever they stand."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lsp_server.settings.regular_files import open_regular
from lsp_server.workspace.git.folder_rules import (
    FolderRules,
    Lines,
    Scope,
    Scopes,
    TrackedFiles,
    Verdict,
    pattern_text,
)
from lsp_server.workspace.git.git_index import Tracked, read_index
from lsp_server.workspace.git.git_repository import GitRepository, repository_at, repository_of
from lsp_server.workspace.git.git_settings import GitSettings, read_settings
from lsp_server.workspace.git.patterns import Patterns

RULE_FILE_BYTES_MAX = 1_000_000
COMPILED_MAX = 1_000
"""So many different lists of rules are kept compiled."""

GIT_FOLDER = ".git"
RULE_FILES = GIT_RULES, OWN_RULES = (".gitignore", ".holdfastignore")
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


def is_rule_file(path: str) -> bool:
    """Says whether a path is that of a file of rules.

    >>> is_rule_file("src/.gitignore"), is_rule_file("src/app.py")
    (True, False)
    """
    return path.rpartition("/")[2] in RULE_FILES


class RuleSources:
    """A `RuleSources` reads the rules for folders of the workspace at `root`. All of it blocks.

    Files are read anew each time; what was made of them is kept as long as they are the same.
    With `asked_from` the folder was asked for by name in a workspace that begins there: git's
    rules are left out.
    """

    def __init__(self, root: Path, asked_from: Path | None = None) -> None:
        self._root = root
        self._asked_from = asked_from
        self._compiled: dict[tuple[Lines, bool], Patterns] = {}
        self._indexes: dict[Path, tuple[tuple[int, ...], Tracked]] = {}

    def above(self) -> FolderRules:
        """Returns the rules from above the workspace, without those that would ignore all of it."""
        repository = None if self._asked_from else repository_of(self._root)
        top = self._asked_from or (repository.root if repository else self._root)
        rules = self._of_repository(repository, "")
        tools = self._with_lines(replace(rules, of_git=()), DERIVED, "")
        folder = ""
        for name in self._root.relative_to(top).parts:
            rules = self._with_files(rules, top / folder, folder, RULE_FILES)
            folder += f"{name}/"
            # A person who opens an ignored folder wants to work in it all the same.
            if rules.verdict(folder) is not Verdict.COUNTS:
                rules = tools
        return replace(rules, above=folder)

    def within(
        self, rules: FolderRules, folder: str, names: Collection[str] = (GIT_FOLDER, *RULE_FILES)
    ) -> FolderRules:
        """Adds the rules that stand in a folder, whose path is empty or ends with `/`.

        `names` has those of RULE_FILES and GIT_FOLDER that are there, as far as that is known.
        """
        place, whole = self._root / folder, rules.above + folder
        begins = folder and GIT_FOLDER in names and not self._asked_from
        if begins and (repository := repository_at(place)):
            inner = self._of_repository(repository, whole)
            rules = replace(inner, own=rules.own, above=rules.above)
        return self._with_files(rules, place, whole, names)

    def _of_repository(self, repository: GitRepository | None, folder: str) -> FolderRules:
        """The rules of a whole repository that begins in the folder, or of none."""
        if repository is None:
            return self._with_lines(FolderRules(), DERIVED, folder)
        settings = read_settings(repository)
        rules = FolderRules(tracked=self._tracked(repository, settings, folder))
        personal = _lines_of(settings.excludes_file) if settings.excludes_file else ()
        for lines in (DERIVED, personal, _lines_of(repository.common / "info" / "exclude")):
            rules = self._with_lines(rules, lines, folder)
        return rules

    def _with_files(
        self, rules: FolderRules, place: Path, folder: str, names: Collection[str]
    ) -> FolderRules:
        if OWN_RULES in names:
            lines = _lines_of(place / OWN_RULES)
            rules = replace(rules, own=self._added(rules.own, lines, rules, folder))
        # git neither looks into a folder that it ignores nor follows a link to rules.
        heeded = GIT_RULES in names and not rules.is_ignored and not self._asked_from
        if heeded and not (place / GIT_RULES).is_symlink():
            rules = self._with_lines(rules, _lines_of(place / GIT_RULES), folder)
        return rules

    def _with_lines(self, rules: FolderRules, lines: Lines, folder: str) -> FolderRules:
        return replace(rules, of_git=self._added(rules.of_git, lines, rules, folder))

    def _added(self, scopes: Scopes, lines: Lines, rules: FolderRules, folder: str) -> Scopes:
        """Adds a scope, or to the last one if it is of the same folder: one is quicker than two."""
        if not lines:
            return scopes
        drop = len(pattern_text(folder))
        if scopes and scopes[-1].drop == drop:
            scopes, lines = scopes[:-1], (*scopes[-1].lines, *lines)
        patterns = self._patterns(lines, rules.tracked.ignores_case)
        return (*scopes, Scope(patterns, drop, lines))

    def _patterns(self, lines: Lines, ignores_case: bool) -> Patterns:
        # Compiling is what costs, and many folders have the same rules.
        key = (lines, ignores_case)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= COMPILED_MAX:
                self._compiled.clear()
            found = self._compiled[key] = Patterns(lines, caseless=ignores_case)
        return found

    def _tracked(
        self, repository: GitRepository, settings: GitSettings, folder: str
    ) -> TrackedFiles:
        stamp: tuple[int, ...] = ()
        with suppress(OSError):
            state = (repository.own / "index").stat()
            stamp = (state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino)
        known = self._indexes.get(repository.own)
        if known is None or known[0] != stamp:
            known = (stamp, read_index(repository.own, settings))
            self._indexes[repository.own] = known
        return TrackedFiles(known[1], len(folder), ignores_case=settings.ignores_case)


def _lines_of(file: Path) -> Lines:
    try:
        with open_regular(file) as opened:
            data = opened.read(RULE_FILE_BYTES_MAX)
    except OSError:
        return ()
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return tuple(lines) if any(lines) else ()
