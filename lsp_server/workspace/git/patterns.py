"""This module matches paths against many lines in the language of `.gitignore`, as git does."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TypeAlias

from lsp_server.workspace.git.glob_expression import NeverMatches, expression_of

PATTERNS_MAX = 5_000
"""In one list."""
PATTERN_CHARS_MAX = 4096
"""As long as a path can be."""

_SPECIAL = re.compile(r"[*?\[\\]")
SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""Puts a text in small letters as git does, those of ASCII alone."""

Numbered: TypeAlias = tuple[int, "Pattern"]
"""A pattern with its place in the list."""


class Patterns:
    """A `Patterns` has lines in the language of `.gitignore`; unreadable ones are left out, as git does.

    With `caseless` ASCII letters match in either case.

    >>> patterns = Patterns(["*.log", "!keep.log"])
    >>> patterns.decide("a/b.log"), patterns.decide("keep.log"), patterns.decide("a.py")
    (True, False, None)
    """

    def __init__(self, lines: Iterable[str], *, caseless: bool = False) -> None:
        read = (Pattern.read(line) for line in lines)
        self._patterns = list(islice(filter(None, read), PATTERNS_MAX))
        self._caseless = caseless
        numbered = list(enumerate(self._patterns))
        self._of_folders = _Matcher(numbered, caseless)
        self._of_files = _Matcher([each for each in numbered if not each[1].folders_only], caseless)

    @property
    def usable(self) -> bool:
        """Returns whether any line is a pattern that can match."""
        return self._of_folders.usable

    def decide(self, path: str) -> bool | None:
        """Returns whether the path is matched (True) or negated (False); None when no line says.

        What is in a matched folder is matched. A folder ends with `/`.
        """
        *folders, _ = path.removesuffix("/").split("/")
        above = accumulate(f"{name}/" for name in folders)
        return any(map(self.decide_alone, above)) or self.decide_alone(path)

    def decide_alone(self, path: str) -> bool | None:
        """Decides as `decide`, by lines that match the path itself and no folder above it."""
        if self._caseless:
            path = path.translate(SMALL)
        if path.endswith("/"):
            number = self._of_folders.last(path[:-1])
        else:
            number = self._of_files.last(path)
        return None if number < 0 else not self._patterns[number].negated


@dataclass(frozen=True, slots=True)
class Pattern:
    """A `Pattern` is one line: for names when it has no slash, for whole paths otherwise."""

    glob: str
    negated: bool
    folders_only: bool
    of_names: bool

    @classmethod
    def read(cls, line: str) -> Pattern | None:
        """Reads a line as git does; None for a comment, or what can match nothing."""
        text = line.partition("\0")[0]
        if not text or text[0] == "#" or len(text) > PATTERN_CHARS_MAX:
            return None
        text = without_trailing_spaces(text)
        glob = text.removeprefix("!")
        negated = glob != text
        path = glob.removesuffix("/")
        if not path.strip("/"):
            return None
        return cls(path.removeprefix("/"), negated, path != glob, "/" not in path)

    @property
    def literal(self) -> str:
        """Returns the beginning that stands for itself."""
        special = _SPECIAL.search(self.glob)
        return self.glob[: special.start()] if special else self.glob

    def expression(self, *, caseless: bool) -> str:
        """Returns the regular expression for all of a name or path. Raises NeverMatches."""
        # git compares what comes before the first special character by itself.
        start = "" if self.of_names else self.literal
        rest = expression_of(self.glob[len(start) :], in_name=self.of_names, caseless=caseless)
        return re.escape(start.translate(SMALL) if caseless else start) + rest


def without_trailing_spaces(line: str) -> str:
    r"""Takes away spaces at the end; a backslash before one keeps it.

    >>> without_trailing_spaces("a b  "), without_trailing_spaces("a\\  ")
    ('a b', 'a\\ ')
    """
    end, at = 0, 0
    while at < len(line):
        if line[at] == "\\":
            at += 1
            end = at + 1
        elif line[at] != " ":
            end = at + 1
        at += 1
    return line[:end]


class _Matcher:
    """Finds the last of many patterns that matches: what is plain by a look-up, the rest at once."""

    def __init__(self, patterns: Sequence[Numbered], caseless: bool) -> None:
        self._names: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        self._endings: dict[int, dict[str, int]] = {}
        globs: dict[bool, list[tuple[int, str]]] = {True: [], False: []}
        for number, pattern in patterns:
            glob = pattern.glob.translate(SMALL) if caseless else pattern.glob
            if pattern.literal == pattern.glob:
                (self._names if pattern.of_names else self._paths)[glob] = number
            elif pattern.of_names and glob[0] == "*" and not _SPECIAL.search(glob, 1):
                self._endings.setdefault(len(glob) - 1, {})[glob[1:]] = number
            else:
                try:
                    expression = pattern.expression(caseless=caseless)
                except NeverMatches:
                    continue
                globs[pattern.of_names].append((number, expression))
        self._name_globs = _LastOf(globs[True])
        self._path_globs = _LastOf(globs[False])

    @property
    def usable(self) -> bool:
        """Whether any pattern is left."""
        plain = self._names or self._paths or self._endings
        return bool(plain) or self._name_globs.usable or self._path_globs.usable

    def last(self, path: str) -> int:
        """Returns the number of the last one that matches; -1 for none."""
        name = path[path.rfind("/") + 1 :]
        number = max(self._names.get(name, -1), self._paths.get(path, -1))
        for length, endings in self._endings.items():
            if length <= len(name):
                number = max(number, endings.get(name[len(name) - length :], -1))
        return max(number, self._name_globs(name), self._path_globs(path))


class _LastOf:
    """Finds the last of several expressions that matches all of a text."""

    def __init__(self, expressions: Sequence[tuple[int, str]]) -> None:
        backwards = list(reversed(expressions))
        self._numbers = [number for number, _ in backwards]
        # The first alternative that matches is taken, and it alone has a group then.
        alternatives = "|".join(f"({text})" for _, text in backwards)
        self._any = re.compile(alternatives, re.DOTALL) if backwards else None

    @property
    def usable(self) -> bool:
        """Whether there is any."""
        return self._any is not None

    def __call__(self, text: str) -> int:
        found = self._any.fullmatch(text) if self._any else None
        return self._numbers[found.lastindex - 1] if found and found.lastindex else -1
