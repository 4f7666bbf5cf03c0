"""This module knows which command lines check the work: tests, builds, linters, type checkers.

What it names may run again when a run wants to stop, and its status counts. So a line
that cannot fail (`pytest || true`, `pytest; echo ok`), prints instead of checking
(`echo pytest passed`, `pytest --version`) or says itself what its program is
(`PATH=. pytest`) is none. To add a program: its name in `_CHECKERS`, or in `_BUILDERS` if it
checks with some of its subcommands only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

from lsp_server.tools.inner_commands import program_name
from lsp_server.tools.shell_syntax import ASSIGNMENT, Command, parse, word_set

COMMAND_CHARS_MAX = 2000
WRAPPERS_MAX = 5

CheckKind: TypeAlias = Literal["plain", "piped", "none"]
"""`piped`: whether it passed shows only where a pipe has the status of all of its commands."""

_CHECKERS = word_set(
    "pytest py.test unittest nose2 tox nox jest vitest mocha ava rspec phpunit ctest bats busted "
    "mypy pyright basedpyright flake8 pylint tsc vue-tsc eslint golangci-lint shellcheck hadolint "
    "yamllint rubocop lint-imports compileall py_compile build gcc g++ cc c++ clang clang++ rustc "
    "javac ninja"
)
"""They check whatever they are called with; `build` is Python's module."""
_BUILDERS = word_set(
    "cargo go npm pnpm yarn bun deno swift dotnet gradle gradlew mvn mvnw sbt ant mix rake just "
    "task meson bazel hatch uv zig stack cabal dune flutter dart make gmake"
)
"""They check with a first operand as in `_TARGET`."""
_TARGET = re.compile(
    r"(?:\S*[:_.-])?(?:tests?|nextest|check|checks|verify|build|package|lint|typecheck|types|compile"
    r"|vet|clippy|tsc|all|ci)(?:[:_.-]\S*)?"
)
_WITH_OPTION: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("ruff", "biome", "prettier", "black", "isort"), re.compile(r"check|--check\S*|lint|ci")
        ),
        "cmake": re.compile(r"--build"),
        "playwright": re.compile(r"test"),
        "holdfast": re.compile(r"--check"),
    }
)
"""They check with one of these words."""
_RUNNERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("uv", "poetry", "pipenv", "pdm", "rye"), ("run",)),
        **dict.fromkeys(("npx", "bunx", "env", "time", "nice", "command", "xvfb-run"), ()),
        "bundle": ("exec",),
    }
)
"""Programs that run the one behind them, with the word in between."""
_EXECUTING = word_set("npm pnpm yarn")
_CLEAN_INSTALL = ("ci",)
"""What `npm ci` is, other than `npm run ci` and `make ci`."""
_VALUED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("make", "gmake"), word_set("-C -f -I -o --directory --file --makefile")),
        "npm": word_set("-C -w --prefix --workspace"),
        "pnpm": word_set("-C -F --dir --filter"),
        "yarn": word_set("--cwd"),
        "bun": word_set("--cwd --filter"),
        "go": word_set("-C"),
        "just": word_set("-d -f --justfile --working-directory"),
    }
)
"""Options whose value is a word of its own, before the word that says what to do."""
_MAKES = word_set("make gmake")
_PYTHON = re.compile(r"python[\d.]*|py")
_NO_EFFECT = re.compile(
    r"--(?:version|help|collect-only|co|list\S*|dry-run|just-print|recon|no-run|if-present|exit-zero"
    r"|passWithNoTests|showconfig)|-[hV]"
)
"""Options with which a check succeeds and checks nothing."""
_MAKES_NOTHING = word_set("-n -q -t -i")
_SETTING_UP = word_set("cd export set source . pushd")
_MISLEADING = re.compile(r"PATH|LD_\w+|\w*(?:ADDOPTS|OPTIONS|FLAGS)|BASH_ENV|ENV|NODE_PATH")
"""Variables that make another program, or another check, of the same words."""
_PLACES = re.compile(r"(?:.*/)?(?:bin|\.bin|Scripts)/[^/]+|/.+|\./(?:gradlew|mvnw)")
"""Where a program may lie that is called by its path: what the run wrote is no judge."""


def check_kind(text: str) -> CheckKind:
    """Says whether a command line checks the work, so that its status shows something.

    >>> [check_kind(line) for line in ("cd web && npm test", "uv run pytest | tail -n 3", "make")]
    ['plain', 'piped', 'plain']
    >>> [check_kind(line) for line in ("echo pytest: OK", "pytest || true", "pytest; echo OK")]
    ['none', 'none', 'none']
    """
    script = parse(text[: COMMAND_CHARS_MAX + 1])
    if len(text) > COMMAND_CHARS_MAX or not script.understood or script.nested:
        return "none"
    checking = [checks(command) for command in script.commands]
    if not any(checking) or not script.operators <= {"&&", "|", ";", "\n"}:
        return "none"
    if script.operators & {";", "\n"}:
        # Only the last status counts: what comes before may set up.
        before = [command.texts[:1] for command in script.commands[:-1]]
        if not checking[-1] or not all(first and first[0] in _SETTING_UP for first in before):
            return "none"
    return "piped" if "|" in script.operators else "plain"


def checks(command: Command) -> bool:
    """Says whether a simple command checks the work."""
    if any(_MISLEADING.fullmatch(word.text.partition("=")[0]) for word in command.assignments):
        return False
    # A keyword makes it part of a loop or a branch, whose status is another.
    if command.program_words != command.words or any(
        w.kind == "dynamic" for w in command.words[:1]
    ):
        return False
    return _is_checking(_unwrapped(command.texts))


def is_check(command: str) -> bool:
    """Says whether the success of a shell command shows something, and the command can be named.

    >>> is_check("uv run pytest -q tests"), is_check("cd web && npm test")
    (True, True)
    >>> is_check("pytest -q || true"), is_check("true"), is_check("pytest --version")
    (False, False, False)
    """
    script = parse(command)
    # Behind any other operator, a failure would not show in the exit status.
    if not script.understood or script.nested or not script.operators <= {"&&"}:
        return False
    commands = [one for one in script.commands if one.texts[:1] != ("cd",) or not _is_plain(one)]
    return bool(commands) and all(
        _is_plain(one) and len(one.words) > 1 and checks(one) for one in commands
    )


def _is_plain(command: Command) -> bool:
    """Says whether the command runs as it is written, with its output where it was seen."""
    hidden = [to for to, target in command.redirections if (to, target.text) != ("2>&", "1")]
    dynamic = [word for word in command.words if word.kind == "dynamic"]
    # Variables that it sets may turn it into something else.
    return not (command.assignments or hidden or dynamic)


def _unwrapped(words: Sequence[str]) -> Sequence[str]:
    """The words of the program that runs in the end."""
    for _ in range(WRAPPERS_MAX):
        name = program_name(words[0]) if words and _is_placed(words[0]) else ""
        if name in _RUNNERS and (inner := _behind(words[1:], _RUNNERS[name])):
            words = inner
        elif name == "timeout":
            words = _behind(words[1:], ())[1:]
        elif name in _EXECUTING and words[1:2] and words[1] in ("exec", "dlx"):
            words = _behind(words[2:], ())
        elif _PYTHON.fullmatch(name):
            words = _module(words[1:])
        else:
            return words
    return ()


def _module(words: Sequence[str]) -> Sequence[str]:
    """The module that Python runs, with its arguments."""
    options = next((at for at, word in enumerate(words) if word == "-m" or word[:1] != "-"), 0)
    return words[options + 1 :] if words[options : options + 1] == ("-m",) else ()


def _behind(words: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """The words behind these names, options and assignments; none where a name is missing."""
    wanted = list(names)
    for at, word in enumerate(words):
        is_assignment = ASSIGNMENT.match(word) is not None
        if is_assignment and _MISLEADING.fullmatch(word.partition("=")[0]):
            return ()
        if wanted and word == wanted[0]:
            wanted.pop(0)
        elif not is_assignment and not word.startswith("-"):
            return () if wanted else words[at:]
    return ()


def _is_placed(program: str) -> bool:
    return "/" not in program or _PLACES.fullmatch(program) is not None


def _is_checking(words: Sequence[str]) -> bool:
    if not words or not _is_placed(words[0]) or any(map(_NO_EFFECT.fullmatch, words[1:])):
        return False
    name = program_name(words[0])
    if (option := _WITH_OPTION.get(name)) is not None:
        return any(map(option.fullmatch, words[1:]))
    if name not in _BUILDERS:
        return name in _CHECKERS
    if name in _MAKES and _MAKES_NOTHING.intersection(words):
        return False
    operands = _operands(words[1:], _VALUED.get(name, frozenset()))
    if name in _EXECUTING and tuple(operands[:1]) == _CLEAN_INSTALL:
        return False
    named = operands[1:] if operands[:1] == ["run"] else operands
    if not named:
        return name in _MAKES
    return _TARGET.fullmatch(named[0]) is not None


def _operands(words: Sequence[str], valued: frozenset[str]) -> list[str]:
    """The words that are no options, values of these options, assignments, numbers or toolchains."""
    found: list[str] = []
    is_value = False
    for word in words:
        if not (is_value or word[:1] in ("-", "+") or "=" in word or word.isdigit()):
            found.append(word)
        is_value = word in valued
    return found
