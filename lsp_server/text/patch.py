"""This module writes what changed in files as a patch that `git apply` takes."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lsp_server.text.diff import hunks

REGULAR, EXECUTABLE, LINK = "100644", "100755", "120000"
"""Modes of files as git has them."""
BINARY_LINE_BYTES = 52
_NONE = "0" * 40
_NO_NEWLINE = "\n\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A `FileVersion` is a file as it is at one time; a link's content is where it leads."""

    content: bytes
    mode: str = REGULAR


@dataclass(frozen=True, slots=True)
class FileDifference:
    """A `FileDifference` is a file before and after; None where there was none."""

    path: str
    before: FileVersion | None
    after: FileVersion | None


def git_patch(differences: Iterable[FileDifference]) -> str:
    r"""Returns a patch of whole files, which `git apply` takes; files that are equal are left out.

    >>> print(git_patch([FileDifference("a", FileVersion(b"1\n"), FileVersion(b"2\n"))]), end="")
    diff --git a/a b/a
    --- a/a
    +++ b/a
    @@ -1 +1 @@
    -1
    +2
    """
    return "".join(f"{line}\n" for each in differences for line in _file(each))


def _file(difference: FileDifference) -> Iterator[str]:
    before, after = difference.before, difference.after
    if before == after:
        return
    if before and after and (before.mode == LINK) != (after.mode == LINK):
        # Git has no other way to say that a file became a link.
        yield from _file(FileDifference(difference.path, before, None))
        yield from _file(FileDifference(difference.path, None, after))
        return
    old, new = _quoted("a", difference.path), _quoted("b", difference.path)
    yield f"diff --git {old} {new}"
    yield from _modes(before, after)
    contents = [each.content if each is not None else b"" for each in (before, after)]
    if contents[0] == contents[1]:
        return
    lines = [_lines(content) for content in contents]
    if lines[0] is None or lines[1] is None:
        yield f"index {_name(before)}..{_name(after)}"
        yield from _binary(contents[1])
        return
    # A name with a space ends with a tab, as patch programs need it.
    yield f"--- {old if before else '/dev/null'}" + "\t" * (" " in old and before is not None)
    yield f"+++ {new if after else '/dev/null'}" + "\t" * (" " in new and after is not None)
    yield from hunks(lines[0], lines[1])


def _modes(before: FileVersion | None, after: FileVersion | None) -> Iterator[str]:
    if before is None and after is not None:
        yield f"new file mode {after.mode}"
    elif after is None and before is not None:
        yield f"deleted file mode {before.mode}"
    elif before is not None and after is not None and before.mode != after.mode:
        yield f"old mode {before.mode}"
        yield f"new mode {after.mode}"


def _lines(content: bytes) -> list[str] | None:
    """The lines of a text as git divides them; None for what is no text."""
    if b"\0" in content:
        return None
    try:
        *lines, last = content.decode().split("\n")
    except UnicodeDecodeError:
        return None
    return [*lines, last + _NO_NEWLINE] if last else lines


def _binary(content: bytes) -> Iterator[str]:
    packed = zlib.compress(content)
    yield "GIT binary patch"
    yield f"literal {len(content)}"
    for at in range(0, len(packed), BINARY_LINE_BYTES):
        part = packed[at : at + BINARY_LINE_BYTES]
        letter = chr(ord("A") + len(part) - 1 if len(part) <= 26 else ord("a") + len(part) - 27)
        yield letter + base64.b85encode(part, pad=True).decode()
    yield ""


def _name(version: FileVersion | None) -> str:
    """The name that git gives to the content."""
    if version is None:
        return _NONE
    head = f"blob {len(version.content)}\0".encode()
    return hashlib.sha1(head + version.content, usedforsecurity=False).hexdigest()


def _quoted(side: str, path: str) -> str:
    """The path on one side of a patch, in quotes where git needs them."""
    if not any(char in '"\\' or ord(char) < 32 or ord(char) == 127 for char in path):
        return f"{side}/{path}"
    escaped = "".join(
        f"\\{ord(char):03o}" if ord(char) < 32 or ord(char) == 127 else char
        for char in path.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{side}/{escaped}"'
