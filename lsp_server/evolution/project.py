"""A `Project` is looked at for what facts and lessons name: files, programs, symbols. Blocking."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path

from lsp_server.evolution.lesson import plain_command
from lsp_server.settings.regular_files import read_whole
from lsp_server.tools.shell_syntax import Command
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

FILES_MAX = 20_000
FILE_BYTES_MAX = 1_000_000
TEXT_BYTES_MAX = 200_000_000
"""In all files together; a name that is not in so much may be in the rest."""

_NAME = re.compile(rb"[A-Za-z_]\w{2,79}")
_OWN_PROGRAMS = (".venv/bin", "venv/bin", "node_modules/.bin")
_MAKE_FOLDER, _MAKE_FILE = ("-C", "--directory"), ("-f", "--file", "--makefile")
_PACKAGE_FOLDER = ("--prefix", "--cwd", "-C", "--dir")
_SCRIPT_RUNNERS = ("npm", "pnpm", "yarn", "bun")
_OWN_WORDS = frozenset({"test", "install", "ci", "exec", "x", "dlx", "start", "build", "i", "add"})
"""Words of package managers that need no script of that name, or are one by default."""


class Project:
    """A `Project` is the folder of a workspace as it is now; what is ignored is not looked at."""

    def __init__(self, workspace: Workspace, ignore: Ignore) -> None:
        self._workspace = workspace
        self._ignore = ignore

    def has_path(self, path: str) -> bool:
        """Says whether there is a file or folder of that name, from the root or below it."""
        if (self._workspace.root / path).exists():
            return True
        # People write `parser.py` for `src/parser.py`.
        return "/" not in path.strip("/") and path in self._file_names

    def has_name(self, name: str) -> bool:
        """Says whether any text of the project has this identifier; True where not all was read."""
        names, has_all = self._names
        return name.encode() in names or not has_all

    def command_problem(self, line: str) -> str:
        """Says what is missing for a command to run here; empty if nothing is known to be.

        Nothing runs: programs, scripts and files are looked up.
        """
        script = plain_command(line)
        if script is None:
            return ""
        folder = self._workspace.root
        for command in script.commands:
            words = command.texts
            if words[:1] == ("cd",):
                folder = folder / "".join(words[1:2])
                if not folder.is_dir():
                    return f"there is no folder {words[1]}"
            elif problem := _program_problem(folder, command):
                return problem
        return ""

    @cached_property
    def _files(self) -> tuple[str, ...]:
        return tuple(islice(self._ignore.walk(), FILES_MAX))

    @cached_property
    def _file_names(self) -> frozenset[str]:
        return frozenset(path.rpartition("/")[2] for path in self._files)

    @cached_property
    def _names(self) -> tuple[frozenset[bytes], bool]:
        """The identifiers of all files, and whether these are all there are."""
        names: set[bytes] = set()
        left = TEXT_BYTES_MAX
        for path in self._files:
            with suppress(OSError):
                data = read_whole(self._workspace.root / path, FILE_BYTES_MAX)
                names.update(_NAME.findall(data))
                left -= len(data)
            if left <= 0:
                return frozenset(names), False
        return frozenset(names), len(self._files) < FILES_MAX


def _program_problem(folder: Path, command: Command) -> str:
    words = command.texts
    program = words[0] if words else ""
    if "/" in program:
        return "" if (folder / program).exists() else f"there is no {program}"
    places = [folder / place / program for place in _OWN_PROGRAMS]
    if shutil.which(program) is None and not any(place.exists() for place in places):
        return f"there is no program {program}"
    if program in _SCRIPT_RUNNERS and (name := _script_name(words)):
        scripts = _package_scripts(folder / _value(words, _PACKAGE_FOLDER) / "package.json")
        return "" if scripts is None or name in scripts else f"package.json has no script {name}"
    if program in ("make", "gmake"):
        return _target_problem(folder, words[1:])
    missing = [word for word in words[1:] if _names_file(word) and not (folder / word).exists()]
    return f"there is no {missing[0]}" if missing else ""


def _names_file(word: str) -> bool:
    """Says whether a word is a path and nothing else that has a slash or a dot."""
    name = word.partition("::")[0]
    return re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*/?", name) is not None and (
        "/" in name
        or re.search(r"\w\.(?:py|js|ts|tsx|sh|go|rs|toml|json|yaml|yml|md|rb)$", name) is not None
    )


def _script_name(words: tuple[str, ...]) -> str:
    """The script that `npm run NAME` or `yarn NAME` runs; empty for the manager's own words."""
    folder = _value(words, _PACKAGE_FOLDER)
    operands = [word for word in words[1:] if not word.startswith("-") and word != folder]
    if operands[:1] in (["run"], ["run-script"]):
        return "".join(operands[1:2])
    is_own = not operands or operands[0] in _OWN_WORDS or words[0] in ("npm", "bun")
    return "" if is_own else operands[0]


def _package_scripts(path: Path) -> frozenset[str] | None:
    """The names of the scripts in a package.json; None where it cannot be read."""
    with suppress(OSError, ValueError, AttributeError):
        return frozenset(json.loads(read_whole(path, FILE_BYTES_MAX)).get("scripts") or {})
    return None


def _value(words: Sequence[str], options: Sequence[str]) -> str:
    """The value of the first of these options, empty without one."""
    for word, value in zip(words, [*words[1:], ""], strict=True):
        name, is_joined, joined = word.partition("=")
        if name in options:
            return joined if is_joined else value
    return ""


def _target_problem(folder: Path, words: Sequence[str]) -> str:
    inner, named = _value(words, _MAKE_FOLDER), _value(words, _MAKE_FILE)
    folder = folder / inner
    usual = (named,) if named else ("GNUmakefile", "makefile", "Makefile")
    names = [name for name in usual if (folder / name).is_file()]
    if not names:
        return (
            f"there is no {named}" if named else f"there is no Makefile{inner and f' in {inner}'}"
        )
    targets = [one for one in words if one[:1] not in ("-", "") and one not in (inner, named)]
    with suppress(OSError):
        text = read_whole(folder / names[0], FILE_BYTES_MAX).decode("utf-8", "replace")
        known = set(_targets(text))
        # An included file or a pattern may make any target.
        if "include" in text or "%" in text:
            return ""
        for target in targets:
            if "=" not in target and not target.isdigit() and target not in known:
                return f"the Makefile has no target {target}"
    return ""


def _targets(makefile: str) -> Iterator[str]:
    for found in re.finditer(r"^([^\s#:=][^:=\n]*):(?!=)", makefile, re.MULTILINE):
        yield from found[1].split()
