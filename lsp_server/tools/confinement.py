"""This module decides whether all that the words of a command could name is in the workspace.

Every word counts as a path, and so does what may be the value of an option. Where
the shell makes words of a pattern, each present match counts. What cannot be told
from a few looks at the disk counts as outside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import scandir
from pathlib import Path

from lsp_server.redaction.secrets import is_secret_file
from lsp_server.sandbox.protected_places import secret_place
from lsp_server.tools.shell_syntax import Command, ShellScript, Word
from lsp_server.workspace.files.paths import Workspace

LOOKS_MAX = 2000
"""At paths and at entries of folders, for one command."""
OPTION_CHARS_MAX = 64
"""In longer options, values that are glued to the letter are not looked for."""

_GLOB = re.compile(r"[*?[]")
_URL = re.compile(r"(?!file:)[A-Za-z][\w+.-]*://")
_PATTERN_FIRST = frozenset({"grep", "egrep", "fgrep", "rg"})
_OPEN_FOLDERS = frozenset({"diff"})
"""They read the files of a folder that they are given, links to elsewhere among them."""


def is_confined(script: ShellScript, workspace: Workspace) -> bool:
    """Says whether the words of a script lead nowhere else and to no file for secrets.

    That holds for programs that open what their words name and no more. Blocking,
    for some milliseconds.
    """
    look = _Look(workspace)
    return all(look.confines(command) for command in script.commands)


def are_confined(words: Sequence[Word], workspace: Workspace) -> bool:
    """Says the same of words alone, whatever program takes them. Blocking."""
    return _Look(workspace).all_inside(words)


def named_paths(words: Sequence[Word], workspace: Workspace) -> Iterator[Path]:
    """Yields what words may name, secrets too; nothing for what cannot be told. Blocking."""
    look = _Look(workspace, follows=False)
    for word in words:
        yield from filter(None, look.paths(word))


@dataclass(slots=True)
class _Look:
    """A look at the disk that ends after LOOKS_MAX.

    It follows links, and takes a file for secrets as one that cannot be told, unless it is
    only after names.
    """

    workspace: Workspace
    left: int = LOOKS_MAX
    follows: bool = True

    def confines(self, command: Command) -> bool:
        program, *words = command.words
        if program.text in _PATTERN_FIRST:
            words = self._without_pattern(words)
        return self.all_inside(words, opens_folders=program.text in _OPEN_FOLDERS)

    def all_inside(self, words: Sequence[Word], *, opens_folders: bool = False) -> bool:
        return all(
            path is not None
            and self.workspace.inside(path)
            and not (opens_folders and path.is_dir())
            for word in words
            for path in self.paths(word)
        )

    def _without_pattern(self, words: list[Word]) -> list[Word]:
        """Less what is searched for, unless that may be a file elsewhere."""
        if any(re.match(r"--[fr]|-[^-]*[ef]", word.text) for word in words):
            return words
        at = next((i for i, word in enumerate(words) if not word.text.startswith("-")), None)
        if at is None or words[at].kind != "literal":
            return words
        path = self._resolved(words[at].text)
        if path is None or (path.exists() and not self.workspace.inside(path)):
            return words
        return words[:at] + words[at + 1 :]

    def paths(self, word: Word) -> Iterator[Path | None]:
        """What a word may name, links followed; None for what cannot be told."""
        if word.kind == "dynamic":
            yield None
        elif word.kind == "glob":
            yield from self._matches(word.text)
        for text in _readings(word.text):
            yield None if text is None else self._resolved(text)

    def _resolved(self, text: str) -> Path | None:
        """Where it leads; None where that is a loop, for secrets by either name, or too much."""
        self.left -= 1
        if not self.follows:
            return Path(os.path.normpath(self.workspace.root / text)) if self.left >= 0 else None
        try:
            path = (self.workspace.root / text).resolve()
        except (OSError, RuntimeError, ValueError):
            return None
        is_secret = any(map(is_secret_file, (text, self.workspace.relative(path))))
        if is_secret or self.left < 0 or secret_place(path, self.workspace.root):
            return None
        return path

    def _matches(self, pattern: str) -> Iterator[Path | None]:
        """What any shell makes of a pattern, or more."""
        is_open = re.match(r"[-*?[]", pattern) is not None
        if pattern.startswith("/") or (is_open and self._has_dashes()):
            yield None
        found, ends = [Path()], list[Path | None]()
        for part in filter(None, pattern.split("/")):
            if part == ".." or (_GLOB.search(part) and _may_match(part, "..")):
                yield None
            found = [folder / name for folder in found for name in self._entries(folder, part)]
            # A link on the way is followed before what comes after it.
            ends = [self._resolved(str(path)) for path in found]
            if self.left < 0 or not all(end and self.workspace.inside(end) for end in ends):
                yield None
        yield from ends

    def _has_dashes(self) -> bool:
        """Whether a name in the root would pass for an option, made of whatever pattern."""
        return any(name.startswith("-") for name in self._names(Path()))

    def _entries(self, folder: Path, part: str) -> Iterator[str]:
        if not _GLOB.search(part):
            return iter((part,))
        return (name for name in self._names(folder) if _may_match(part, name))

    def _names(self, folder: Path) -> Iterator[str]:
        """Of what is in a folder, as far as it may be looked at."""
        with suppress(OSError), scandir(self.workspace.root / folder) as entries:
            for entry in entries:
                self.left -= 1
                if self.left < 0:
                    return
                yield entry.name


def _may_match(part: str, name: str) -> bool:
    """Whether a name begins and ends as a pattern does; what is between is not looked at."""
    start = _GLOB.split(part, maxsplit=1)[0]
    end = re.split(r"[]*?[]", part)[-1]
    hidden = name.startswith(".") and part.startswith(("*", "?"))
    return name.startswith(start) and name.endswith(end) and not hidden


def _readings(text: str) -> Iterator[str | None]:
    """The texts in a word that a program may take for a path; None where there may be more."""
    if text.startswith("--"):
        text = text.partition("=")[2]
    elif text.startswith("-"):
        yield from (text[at:] for at in range(2, min(len(text), OPTION_CHARS_MAX)))
        if len(text) > OPTION_CHARS_MAX:
            yield None
    if text:
        yield text
    if not _URL.match(text):
        yield from (text[found.end() :] for found in re.finditer(r"[=:,@](?=.)", text))
