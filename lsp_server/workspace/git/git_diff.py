"""This module gives what a working tree has that a commit has not, as one unified diff.

Git is run as in `git_revision.py`: nothing that the repository names is started.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError, ToolError
from lsp_server.text.patch import FileDifference, FileVersion, git_patch
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.disk import read_bytes
from lsp_server.workspace.git.git_revision import FILTERS, Git, switched_off

UNTRACKED_MAX = 100
"""So many new files are looked at."""
FILE_BYTES_MAX = 200_000
"""A longer new file is left out."""
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_DIFF = (
    "--no-pager -c core.quotePath=false diff --no-color --no-ext-diff --no-textconv --relative "
    "--no-renames --src-prefix=a/ --dst-prefix=b/ --unified=5"
)
_REVISION = re.compile(r"[\w./@{}^~+=-]{1,200}")


async def changes_since(
    root: Path, commands: CommandRunner, base: str | None = None, path: str | None = None
) -> str:
    """Returns the diff from a commit, by default the last one, to the files of now, new ones too.

    With a `base` it begins where the work left it. `path` is a file or folder below `root`.
    Raises ConfigurationError without git or such a commit.
    """
    git = Git(root, commands)
    start = await _start(git, base)
    filters = await git.run(f"{FILTERS} || test $? = 1")
    if filters is None:
        raise ConfigurationError(f"git cannot be run in {root}")
    where = shlex.quote(path or ".")
    settings = switched_off(filters.split("\0"))
    tracked = await git.run(f"{_DIFF} {start} -- {where}", settings)
    if tracked is None:
        raise ConfigurationError("git could not compare the files; name fewer of them")
    return tracked + await _untracked(git, where, settings)


async def staged_changes(root: Path, commands: CommandRunner) -> str:
    """Returns the diff of what is staged for the next commit. Raises ConfigurationError."""
    git = Git(root, commands)
    start = await _start(git, None)
    staged = await git.run(f"{_DIFF} --cached {start} -- .")
    if staged is None:
        raise ConfigurationError("git could not compare the files")
    return staged


async def _start(git: Git, base: str | None) -> str:
    if await git.run("rev-parse --is-inside-work-tree") is None:
        raise ConfigurationError(f"{git.root} is in no git repository, so nothing can be compared")
    if base is None:
        return "HEAD" if await git.run("rev-parse --verify --quiet HEAD") else _EMPTY_TREE
    is_name = _REVISION.fullmatch(base) and not base.startswith("-")
    name = shlex.quote(f"{base}^{{commit}}")
    if not is_name or await git.run(f"rev-parse --verify --quiet --end-of-options {name}") is None:
        raise ConfigurationError(f"git knows no commit {base!r}; name a branch, a tag or a commit")
    common = await git.run(f"merge-base {shlex.quote(base)} HEAD")
    return (common or "").strip() or shlex.quote(base)


async def _untracked(git: Git, where: str, settings: Mapping[str, str]) -> str:
    listed = await git.run(f"ls-files --others --exclude-standard -z -- {where}", settings)
    names = list(filter(None, (listed or "").split("\0")))[:UNTRACKED_MAX]
    return await asyncio.to_thread(_as_new, git.root, names)


def _as_new(root: Path, names: Iterable[str]) -> str:
    found = []
    for name in names:
        try:
            data = read_bytes(root / name)
        except ToolError:
            continue
        if len(data) <= FILE_BYTES_MAX and b"\0" not in data:
            found.append(FileDifference(name, None, FileVersion(data)))
    return git_patch(found)
