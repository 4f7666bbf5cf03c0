"""This module finds out whether git keeps files for secrets: in a commit, a stash or the index."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from lsp_server.redaction.secrets import HARMLESS, NAMES, SUFFIXES
from lsp_server.system.folder_walk import walk_folders
from lsp_server.workspace.commands.inert import inert_environment, trusted_folders
from lsp_server.workspace.git.repository import repository_folders

SECONDS_MAX = 5.0
REPOSITORIES_KEPT = 8
REFS_MAX = 20_000

_FILES = (
    *(f":(top,icase,glob)**/{name}" for name in NAMES),
    *(f":(top,icase,glob)**/*{suffix}" for suffix in SUFFIXES),
    ":(top,icase,glob)**/.env.*",
    *(f":(top,exclude,icase,glob)**/*{suffix}" for suffix in HARMLESS),
)
_COMMITTED = ("git", "rev-list", "--all", "--reflog", "--full-history", "--max-count=1", "--")
_STAGED = ("git", "ls-files", "--")


def keeps_no_secrets(root: Path) -> bool:
    """Says whether no file for secrets was ever known to the repository around `root`, if there is one.

    False as well where that takes longer than `SECONDS_MAX`. Blocking; what was found is kept as
    long as the repository is as it was.
    """
    folders = repository_folders(root)
    return not folders or _keeps_none(root, tuple(_state(folders)))


@lru_cache(REPOSITORIES_KEPT)
def _keeps_none(root: Path, state: tuple[object, ...]) -> bool:  # noqa: ARG001 - a part of the key
    return all(_prints_nothing(root, command) for command in (_COMMITTED, _STAGED))


def _prints_nothing(root: Path, command: tuple[str, ...]) -> bool:
    git = shutil.which(command[0], path=":".join(trusted_folders(root)))
    if git is None:
        return True
    try:
        done = subprocess.run(
            [git, *command[1:], *_FILES],
            cwd=root,
            env=inert_environment(root),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and not done.stdout


def _state(folders: tuple[Path, ...]) -> Iterator[object]:
    """When what says which commits there are was changed."""
    for folder in folders:
        for name in ("HEAD", "index", "packed-refs", "logs/HEAD"):
            yield _changed(folder / name)
        for count, (path, _, names) in enumerate(walk_folders(folder / "refs")):
            yield path, _changed(Path(path)), tuple(_changed(Path(path, name)) for name in names)
            if count > REFS_MAX:
                return


def _changed(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
