"""This module says where skills, custom commands and agents lie, and what is wrong with one.

The nearer place wins: a project's over the user's, and of one's own folders those that
all agents share first (https://agentskills.io/client-implementation, `.agents`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["project", "user"]
"""Who brought it: the checkout, or the person."""

SourceKind: TypeAlias = Literal["skills", "commands", "agents"]

SOURCE_KINDS: tuple[SourceKind, ...] = ("skills", "commands", "agents")

SHARED, OWN, CLAUDE = ".agents", ".holdfast", ".claude"


@dataclass(frozen=True, slots=True)
class Source:
    """A `Source` is a folder in which skills, commands or agents lie."""

    folder: Path
    origin: Origin


@dataclass(frozen=True, slots=True)
class Problem:
    """A `Problem` is something wrong in a file; `line` counts from 0."""

    path: Path
    line: int
    message: str


def sources(
    kind: SourceKind, root: Path, home: Path, config: Path, *, claude: bool
) -> Iterator[Source]:
    """Yields the folders for a kind, the strongest first; they need not exist.

    `root` is the project, `home` and `config` are the user's. With `claude` the folders
    of Claude Code count too.

    >>> folders = sources("skills", Path("/w"), Path("/h"), Path("/c"), claude=False)
    >>> [source.folder.as_posix() for source in folders]
    ['/w/.agents/skills', '/w/.holdfast/skills', '/h/.agents/skills', '/c/skills']
    """
    last = (CLAUDE,) if claude else ()
    for name in (SHARED, OWN, *last):
        yield Source(root / name / kind, "project")
    yield Source(home / SHARED / kind, "user")
    yield Source(config / kind, "user")
    for name in last:
        yield Source(home / name / kind, "user")
