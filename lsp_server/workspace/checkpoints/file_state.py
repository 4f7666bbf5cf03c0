"""This module names what is at a path: a file by its content and mode, a symbolic link, a folder.

Names are in journals, so those of earlier versions are read too: they say of a
mode only whether the file may be executed, and of a link nothing to go back to.
"""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

Reason: TypeAlias = Literal["large", "total", "special", "unreadable"]
"""Why a content was not read: the file is too large, all together are, it is no file, it was refused."""

FOLDER = "folder"
NOT_KEPT = "status:"
"""Begins the name of what has no content to go back to."""
PERMISSIONS = 0o777

_FILE = re.compile(r"([0-9a-f]{64})(\+x|\+[0-7]{4})?(\+linked)?")
_LINK = "+link"
_LINKED = "+linked"
DIGEST_DIGITS = 64
_REASONS = re.compile(r"^(large|total|special|unreadable):")


def digest_of(data: bytes) -> str:
    """Returns the SHA-256 of a content in hexadecimal, by which it is kept."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class FileState:
    """A `FileState` is a regular file; `str` gives its name.

    `mode` has its permission bits, those for set-user-ID and the like included; None
    where an earlier version kept no more than whether it may be executed. `is_linked`
    says that the file has further names, by hard links.

    >>> str(FileState(digest_of(b""), 0o640))
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855+0640'
    """

    digest: str
    mode: int | None
    is_linked: bool = False
    was_executable: bool = False
    """What an earlier version kept."""

    @property
    def is_executable(self) -> bool:
        """Says whether its owner may execute it."""
        return self.was_executable if self.mode is None else bool(self.mode & stat.S_IXUSR)

    def __str__(self) -> str:
        mode = "+x" * self.was_executable if self.mode is None else f"+{self.mode:04o}"
        return f"{self.digest}{mode}{_LINKED * self.is_linked}"


@dataclass(frozen=True, slots=True)
class LinkState:
    """A `LinkState` is a symbolic link, whose target is kept as a content is."""

    digest: str

    def __str__(self) -> str:
        return f"{self.digest}{_LINK}"


@dataclass(frozen=True, slots=True)
class FolderState:
    """A `FolderState` is a folder, whatever is in it."""

    mode: int

    def __str__(self) -> str:
        return f"{FOLDER}+{self.mode:04o}"


@dataclass(frozen=True, slots=True)
class UnreadState:
    """An `UnreadState` is what was not read, for the `reason`; it is known by `marks` alone."""

    reason: Reason | None = field(compare=False)
    marks: str

    def __str__(self) -> str:
        return f"{NOT_KEPT}{f'{self.reason}:' if self.reason else ''}{self.marks}"


PathState: TypeAlias = FileState | LinkState | FolderState | UnreadState


def file_state(data: bytes, mode: int, *, links: int = 1) -> FileState:
    """Returns the state of a file with this content; `mode` as the system has it, with `links` names."""
    return FileState(digest_of(data), stat.S_IMODE(mode), links > 1)


def read_state(name: str) -> PathState:
    """Returns what a name stands for. One that says nothing is taken for an unread file.

    >>> read_state("folder+0755")
    FolderState(mode=493)
    """
    if name.startswith(NOT_KEPT):
        marks = name.removeprefix(NOT_KEPT)
        found = _REASONS.match(marks)
        reason: Reason | None = found[1] if found else None  # type: ignore[assignment]
        return UnreadState(reason, marks[found.end() :] if found else marks)
    if name.startswith(f"{FOLDER}+"):
        return FolderState(int(name.removeprefix(f"{FOLDER}+"), 8))
    if name.endswith(_LINK):
        return LinkState(name.removesuffix(_LINK))
    match = _FILE.fullmatch(name)
    if match is None:
        return UnreadState(None, name)
    digest, mode, linked = match.groups()
    bits = None if mode in (None, "+x") else int(mode[1:], 8)
    return FileState(digest, bits, linked is not None, mode == "+x")


def is_same(before: str | None, after: str | None) -> bool:
    """Says whether nothing changed between two states: further names of a file are no change."""
    plain = [name and name.removesuffix(_LINKED) for name in (before, after)]
    return plain[0] == plain[1]


def hashed_name(name: str) -> str:
    """Returns what of a name counts in the hash of a tree, as for git: the content, and who executes.

    It is the same on machines that give other modes to new files.
    """
    if name.startswith(NOT_KEPT):
        return f"{NOT_KEPT}{_REASONS.sub('', name.removeprefix(NOT_KEPT), count=1)}"
    if name.endswith(_LINK):
        return f"{NOT_KEPT}{name.removesuffix(_LINK)}"
    return name[:DIGEST_DIGITS] + _hashed_mode(name[DIGEST_DIGITS:])


@lru_cache
def _hashed_mode(suffix: str) -> str:
    """Of thousands of names most end alike."""
    state = read_state("0" * DIGEST_DIGITS + suffix)
    return "+x" if isinstance(state, FileState) and state.is_executable else ""
