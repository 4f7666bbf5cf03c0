"""This module reads the few settings of git that decide which files count, without starting git."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server.settings.regular_files import read_whole
from lsp_server.workspace.git.git_repository import GitRepository
from lsp_server.workspace.git.glob_expression import NeverMatches, expression_of

FILE_BYTES_MAX = 1_000_000
INCLUDES_MAX = 10
"""How deep files may include others."""

SYSTEM_FILES = ("/etc/gitconfig", "/usr/local/etc/gitconfig", "/opt/homebrew/etc/gitconfig")

_SECTION = re.compile(r'\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?[ \t]*\]')
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(=[ \t]*)?")
_BLANK = re.compile(r"(?:\s|[#;][^\n]*)*")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", '"': '"', "\\": "\\", "\n": ""}
_TRUE = frozenset({"true", "yes", "on"})

Entry: TypeAlias = tuple[str, str | None]
"""The name, in small letters but for what is quoted in it, and the value, if it has one."""


@dataclass(frozen=True, slots=True)
class GitSettings:
    """A `GitSettings` has a person's own file of ignore rules, if any, and how the repository names things.

    `id_bytes` is the length of an object's name.
    """

    excludes_file: Path | None
    ignores_case: bool
    id_bytes: int


def read_settings(
    repository: GitRepository, environment: Mapping[str, str] = os.environ
) -> GitSettings:
    """Reads the settings that hold in a repository, a person's own among them. Blocking."""
    found: dict[str, str | None] = {}
    for file in _files(repository, environment):
        found.update(_Reader(repository).entries(file))
    excludes = found.get("core.excludesfile", str(_home(environment) / "git/ignore"))
    place = _expanded(excludes, repository.root) if excludes else None
    sha256 = (found.get("extensions.objectformat") or "").lower() == "sha256"
    ignores_case = "core.ignorecase" in found and _is_true(found["core.ignorecase"])
    return GitSettings(place, ignores_case, 32 if sha256 else 20)


def _files(repository: GitRepository, environment: Mapping[str, str]) -> Iterator[Path]:
    if not _is_true(environment.get("GIT_CONFIG_NOSYSTEM", "")):
        named = environment.get("GIT_CONFIG_SYSTEM")
        yield from map(Path, (named,) if named else SYSTEM_FILES)
    if "GIT_CONFIG_GLOBAL" in environment:
        yield Path(environment["GIT_CONFIG_GLOBAL"])
    else:
        yield from (_home(environment) / "git/config", Path("~/.gitconfig").expanduser())
    yield from (repository.common / "config", repository.own / "config.worktree")


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("XDG_CONFIG_HOME") or "~/.config").expanduser()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files of settings, with what they include for this repository."""

    repository: GitRepository

    def entries(self, file: Path, depth: int = 0) -> Iterator[Entry]:
        try:
            text = read_whole(file, FILE_BYTES_MAX).decode("utf-8", "surrogateescape")
        except OSError:
            return
        for name, value in _parse(text.replace("\r\n", "\n")):
            if value and depth < INCLUDES_MAX and self._includes(name, file):
                yield from self.entries(_expanded(value, file.parent), depth + 1)
            else:
                yield name, value

    def _includes(self, name: str, file: Path) -> bool:
        section, _, rest = name.partition(".")
        condition, _, key = rest.rpartition(".")
        if key != "path" and rest != "path":
            return False
        if section == "include":
            return not condition
        kind, _, glob = condition.partition(":")
        return section == "includeif" and self._holds(kind, glob, file)

    def _holds(self, kind: str, glob: str, file: Path) -> bool:
        checks: Mapping[str, Callable[[], bool]] = {
            "gitdir": lambda: self._lies_in(glob, file, caseless=False),
            "gitdir/i": lambda: self._lies_in(glob, file, caseless=True),
            "onbranch": lambda: _matches(_closed(glob), self._branch(), caseless=False),
        }
        return kind in checks and checks[kind]()

    def _lies_in(self, glob: str, file: Path, *, caseless: bool) -> bool:
        if glob.startswith("./"):
            glob = f"{file.parent}/{glob[2:]}"
        elif glob.startswith("~/"):
            glob = f"{Path.home()}/{glob[2:]}"
        elif not glob.startswith("/"):
            glob = f"**/{glob}"
        places = {str(self.repository.own), os.path.realpath(self.repository.own)}
        return any(_matches(_closed(glob), place, caseless=caseless) for place in places)

    def _branch(self) -> str:
        with suppress(OSError, UnicodeDecodeError):
            head = read_whole(self.repository.own / "HEAD", FILE_BYTES_MAX).decode()
            return head.strip().removeprefix("ref: refs/heads/")
        return ""


def _closed(glob: str) -> str:
    return f"{glob}**" if glob.endswith("/") else glob


def _matches(glob: str, text: str, *, caseless: bool) -> bool:
    try:
        expression = expression_of(glob, in_name=False, caseless=caseless)
    except NeverMatches:
        return False
    return bool(re.fullmatch(expression, text.lower() if caseless else text, re.DOTALL))


def _parse(text: str) -> Iterator[Entry]:
    """Gives the settings up to the first that cannot be read."""
    section, at = "", 0
    while (at := _end_of(_BLANK, text, at)) < len(text):
        if header := _SECTION.match(text, at):
            below = re.sub(r"\\(.)", r"\1", header[2]) if header[2] is not None else None
            section = header[1].lower() + ("" if below is None else f".{below}")
            at = header.end()
        elif section and (name := _NAME.match(text, at)):
            value, at = _value(text, name.end()) if name[2] else (None, name.end())
            if value is None and text[at : at + 1] not in ("", "\n", "#", ";"):
                return
            yield f"{section}.{name[1].lower()}", value
        else:
            return


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int) -> tuple[str, int]:
    """Reads a value, and gives the place behind it."""
    chars: list[str] = []
    length, quoted = 0, False
    while at < len(text) and text[at] != "\n":
        char = text[at]
        at += 1
        if char == '"':
            quoted = not quoted
            continue
        if char in "#;" and not quoted:
            at += len(text[at:].partition("\n")[0])
            break
        if char == "\\":
            char, at = _ESCAPES.get(text[at : at + 1], ""), at + 1
            quoted_char = True
        else:
            quoted_char = quoted
        chars.append(char)
        # Blanks at the end count where they are quoted.
        if quoted_char or not char.isspace():
            length = len(chars)
    return "".join(chars[:length]), at


def _expanded(value: str, folder: Path) -> Path:
    with suppress(RuntimeError):
        return folder / Path(value).expanduser()
    return folder / value


def _is_true(value: str | None) -> bool:
    if value is None or value.lower() in _TRUE:
        return True
    return value.lstrip("-").isdigit() and int(value) != 0
