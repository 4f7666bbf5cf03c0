"""This module finds out whether a run edited what judges it.

A run is judged by the goals file, the scripts and tests that its checks name or
run, the settings of the tools that they call, and these tools where the project has them. The files that a check is about
(`ruff check src/`, `grep -q x README.md`) are the work itself. To teach it a
tool: a row in `_TOOLS`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from lsp_server.domain.events import FileChanged
from lsp_server.domain.goals import GOALS_FILE, CommandCheck, Goal
from lsp_server.goals.added_tests import only_adds
from lsp_server.goals.changes import ContentByName, StopAttempt
from lsp_server.goals.goals_document import parse_goals
from lsp_server.settings import toml

COMMAND_CHARS_MAX = 20_000
WORDS_MAX = 2000
MODULE_PARTS_MAX = 50

_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?|e2e|__snapshots__)/"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_test|[^/]*[.-](?:test|spec))\.\w+$"
    r"|(?:^|/)conftest\.py$"
)
_JUDGING_SCRIPT = re.compile(
    r"(?:check|test|verify|valid|lint|accept|smoke|assert|spec|goal|gate|\bci\b)", re.IGNORECASE
)
_INSTALLED = re.compile(r"(?:^|/)(?:\.?v?env|node_modules|\.tox|\.nox)/")
"""Where the programs that a check names are installed, and what they import."""
_INTERPRETERS = re.compile(r"(?:ba|da|z|k)?sh|python[\d.]*|node|deno|bun|ruby|perl|php|Rscript|lua")

_TOOLS: tuple[tuple[str, bool, str], ...] = (
    # what a command says, whether it runs tests, the settings that decide about it
    (r"pytest|py\.test", True, r"conftest\.py|pytest\.ini|\.pytest\.ini|tox\.ini|setup\.cfg"),
    (r"unittest|nose2?", True, r"sitecustomize\.py"),
    (r"tox|nox", True, r"tox\.ini|noxfile\.py"),
    (r"jest|vitest|mocha|ava|karma|playwright", True, r"(?:jest|vitest|vite|karma|playwright)\.config\.\w+|\.mocharc.*"),
    (r"npm|yarn|pnpm|bun|npx", True, r"(?:jest|vitest|vite|karma|playwright)\.config\.\w+|\.mocharc.*"),
    (r"node", True, r""),
    (r"go", True, r""),
    (r"cargo", True, r"nextest\.toml"),
    (r"rspec|phpunit|ctest|mvn|gradlew?|dotnet|bats|busted|mix|rake|sbt", True, r"\.rspec|phpunit\.xml.*|Rakefile"),
    (r"make|gmake", True, r"(?:GNU)?[Mm]akefile|.*\.mk"),
    (r"just", True, r"\.?[Jj]ustfile"),
    (r"mypy", False, r"\.?mypy\.ini|setup\.cfg"),
    (r"pyright|basedpyright", False, r"pyrightconfig\.json"),
    (r"ruff", False, r"\.?ruff\.toml"),
    (r"flake8|pylint", False, r"\.flake8|\.?pylintrc|setup\.cfg|tox\.ini"),
    (r"tsc|vue-tsc", False, r"tsconfig.*\.json"),
    (r"eslint|biome|prettier", False, r"eslint\.config\.\w+|\.eslintrc.*|\.eslintignore|biome\.jsonc?|\.prettier.*"),
    (r"golangci-lint|clippy", False, r"\.golangci\..*|\.?clippy\.toml"),
)  # fmt: skip

_SHARED: dict[str, tuple[str, ...]] = {
    "pyproject.toml": ("pytest", "mypy", "ruff", "pyright", "coverage", "pylint", "tox"),
    "package.json": ("scripts", "jest", "mocha", "ava", "vitest", "eslintConfig"),
}
"""Files with much else in them, and the parts that decide about checks."""


def find_edited_judges(goal: Goal, attempt: StopAttempt, content: ContentByName) -> tuple[str, ...]:
    """Returns the paths that the run changed and that decide about the goal, sorted. Blocking.

    Tests that are added to a file of tests are part of a task, where no goal names that file.
    """
    rules = [_Rule(check.command) for c in goal.conditions for check in c.checks
             if isinstance(check, CommandCheck) and not c.waived]  # fmt: skip
    return tuple(
        path
        for path, change in sorted(attempt.changes.items())
        if change.before != change.after
        and not (goal.is_task and _only_adds_tests(path, change, content))
        and (
            _changes_goals(path, change, content)
            or _changes_settings(path, change, content, rules)
            or any(rule.is_judge(path, change) for rule in rules)
        )
    )


class _Rule:
    """The files that decide about the outcome of one command."""

    def __init__(self, command: str) -> None:
        words = list(islice(_words(command[:COMMAND_CHARS_MAX]), WORDS_MAX))
        self._scripts = set(_scripts(words))
        named = [name for word in words for name in _names(word)]
        self.runs_tests = False
        self.tools = False
        settings: list[str] = []
        for program, runs_tests, files in _TOOLS:
            if any(re.fullmatch(program, PurePosixPath(word).name) for word in words):
                self.tools = True
                self.runs_tests |= runs_tests
                settings += [files] if files else []
        self._settings = re.compile("|".join(settings)) if settings else None
        # The bare word is a subcommand nearly everywhere, as in `go test`.
        self._tests = [
            name
            for name in named
            if name != "test" and (_TEST.search(f"{name}/") or _TEST.search(name))
        ]

    def is_judge(self, path: str, change: FileChanged) -> bool:
        """Returns whether the changed file decides about the command."""
        name = PurePosixPath(path).name
        if path in self._scripts or (self.tools and _INSTALLED.search(path)):
            return True
        if self._settings is not None and self._settings.fullmatch(name):
            return True
        if any(path == test or path.startswith(f"{test}/") for test in self._tests):
            return True
        # Tests that were added are work; tests that were there before are the judge.
        return (
            self.runs_tests
            and not self._tests
            and change.before is not None
            and _TEST.search(path) is not None
        )


def _words(command: str) -> Iterator[str]:
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        yield from lexer
    except ValueError:
        yield from command.split()


def _scripts(words: list[str]) -> Iterator[str]:
    """The files that a command runs and whose name or place says that they judge."""
    expects_script = False
    starts = True
    for word in words:
        if not word.strip("();<>|&"):
            starts, expects_script = True, False
            continue
        path = word.removeprefix("./")
        is_path = "/" in word or (expects_script and "." in word)
        if (starts or expects_script) and is_path and _JUDGING_SCRIPT.search(path):
            yield path
        interprets = starts and _INTERPRETERS.fullmatch(PurePosixPath(word).name) is not None
        expects_script = interprets or (expects_script and word.startswith("-") and word != "-m")
        starts = starts and "=" in word


def _names(word: str) -> Iterator[str]:
    """The paths that a word may name: a path, a test in one, a Python module."""
    path = word.partition("::")[0].removeprefix("./").rstrip("/")
    yield path
    module = path.split(".")
    if 1 < len(module) <= MODULE_PARTS_MAX and re.fullmatch(r"\w+(?:\.\w+)+", path):
        for length in range(len(module), 0, -1):
            yield "/".join(module[:length]) + ".py"


def _changes_goals(path: str, change: FileChanged, content: ContentByName) -> bool:
    """Returns whether the goals file says something else now; ticks and evidence do not count."""
    if path != GOALS_FILE:
        return False
    return _reads_differently(change, content, lambda text: parse_goals(text).goals)


def _only_adds_tests(path: str, change: FileChanged, content: ContentByName) -> bool:
    if not _TEST.search(path) or PurePosixPath(path).name == "conftest.py":
        return False
    before, after = (content(name) if name else None for name in (change.before, change.after))
    try:
        return bool(before and after) and only_adds(
            (before or b"").decode(), (after or b"").decode()
        )
    except ValueError:
        return False


def _changes_settings(
    path: str, change: FileChanged, content: ContentByName, rules: list[_Rule]
) -> bool:
    keys = _SHARED.get(PurePosixPath(path).name)
    if keys is None or not any(rule.tools for rule in rules):
        return False
    if path.endswith(".json"):
        return _reads_differently(
            change, content, lambda text: _part(json.loads(text or "{}"), keys)
        )
    return _reads_differently(
        change, content, lambda text: _part(toml.loads(text).get("tool", {}), keys)
    )


def _part(value: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value[key] for key in keys if key in value}


def _reads_differently(
    change: FileChanged, content: ContentByName, read: Callable[[str], object]
) -> bool:
    """Returns whether both contents read differently; one that cannot be read counts as different."""
    try:
        before, after = (
            read((content(name) or b"").decode() if name else "")
            for name in (change.before, change.after)
        )
    except (ValueError, AttributeError, TypeError, RecursionError):
        return True
    return before != after
