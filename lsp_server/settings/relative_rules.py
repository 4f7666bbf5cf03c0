"""This module tells allow rules that name files of one project from those that may hold in all.

A rule such as `shell(./build.sh)` was meant for one checkout; in another one it would allow
whatever lies there under that name.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_BEFORE_NAME = re.compile(r"[=:,@]")
_RELATIVE_FILE = re.compile(r"(?![~/])[^*?\[]*/[^*?\[]*")


def names_project_file(rule: str, root: Path) -> bool:
    """Says whether an allow rule names a file of the project at `root`. Looks at the disk.

    A program or a path that is written with a slash counts whether it is there or not, any
    word after it if it is a file of the project.

    >>> names_project_file("shell(./build.sh)", Path("/w"))
    True
    >>> names_project_file("shell(pytest *)", Path("/w")), names_project_file("edit", Path("/w"))
    (False, False)
    """
    words = _words(rule)
    if words and _RELATIVE_FILE.fullmatch(words[0]):
        return True
    names = (name for word in words[1:] for name in _names_in(word))
    return any(_is_file(root, name) for name in names if not name.startswith(("/", "~")))


def _names_in(word: str) -> Iterator[str]:
    """What a program may take for the name of a file: the word, and the value of an option in it."""
    yield word
    if word.startswith("-"):
        yield word[2:]
    yield from (word[found.end() :] for found in _BEFORE_NAME.finditer(word))
    yield word.partition("::")[0]


def _words(rule: str) -> list[str]:
    pattern = rule.strip().partition("(")[2].removesuffix(")")
    try:
        return shlex.split(pattern)
    except ValueError:
        return pattern.split()


def _is_file(root: Path, word: str) -> bool:
    with suppress(OSError, ValueError):
        return (root / word).is_file()
    return False
