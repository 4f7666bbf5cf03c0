"""This module keeps ignored files that nothing can make anew, so that undo has them.

`.env`, a database of a developer, local settings: git ignores them, and a command
such as `git clean -fdx` removes them for good. What tools make anew is left out, and
the number and size of the rest are bounded.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path

from lsp_server.system.atomic_file import STAGING_PREFIX
from lsp_server.system.open_folder import open_folder
from lsp_server.workspace.checkpoints.blobs import Blobs
from lsp_server.workspace.checkpoints.tree import RACY_SECONDS, Keep, Status, look_at, status_of

FILES_MAX = 2000
TOTAL_BYTES_MAX = 50_000_000
FOLDERS_MAX = 500
"""Beyond these nothing more is kept of what is ignored."""

REMADE_FOLDERS = frozenset(
    {
        *(
            "node_modules",
            "bower_components",
            ".venv",
            "venv",
            "env",
            "__pycache__",
            "site-packages",
        ),
        *(
            "target",
            "build",
            "dist",
            "out",
            "bin",
            "obj",
            "vendor",
            "Pods",
            "DerivedData",
            "coverage",
        ),
        *(
            "tmp",
            "temp",
            "logs",
            "htmlcov",
            ".next",
            ".nuxt",
            ".svelte-kit",
            ".terraform",
            ".gradle",
        ),
    }
)
REMADE_FILES = re.compile(
    r".*\.(?:py[co]|o|obj|class|so|a|log|tmp|swp|map|tsbuildinfo)|\.DS_Store|\.coverage"
)
_MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")
"""In a folder that has one of them everything is made anew."""


class IgnoredFiles:
    """`IgnoredFiles` names the states of ignored files below `root`, and keeps them in `blobs`.

    All of it blocks.
    """

    def __init__(self, root: Path, blobs: Blobs) -> None:
        self._root = root
        self._blobs = blobs
        self._known: dict[str, tuple[Status, str]] = {}

    def states(self, ignored: Iterable[str]) -> dict[str, str]:
        """Returns the states by path of what is worth keeping of these paths and below them.

        Paths of folders end with `/`.
        """
        known: dict[str, tuple[Status, str]] = {}
        left = TOTAL_BYTES_MAX
        with self._blobs.batch() as batch:
            for path, status in islice(self._files(ignored), FILES_MAX):
                left -= status[2]
                if left < 0:
                    break
                before = self._known.get(path)
                is_known = before is not None and before[0] == status and _is_settled(status)
                if before is None or not is_known:
                    before = status, str(look_at(f"{self._root}/{path}", status, batch.put))
                known[path] = before
        self._known = known
        return {path: name for path, (_, name) in known.items()}

    def look(self, paths: Iterable[str]) -> dict[str, str]:
        """Returns what `states_at` does, and keeps the contents."""
        with self._blobs.batch() as batch:
            return states_at(self._root, paths, batch.put)

    def _files(self, ignored: Iterable[str]) -> Iterator[tuple[str, Status]]:
        folders: deque[str] = deque()
        for path in ignored:
            if any(map(is_remade_folder, path.split("/")[:-1])):
                continue
            if path[-1] == "/":
                folders.append(path)
            elif not REMADE_FILES.fullmatch(path.rpartition("/")[2]):
                with suppress(OSError):
                    yield path, status_of((self._root / path).lstat())
        looked_at = 0
        while folders and looked_at < FOLDERS_MAX:
            folder = folders.popleft()
            name = folder.rstrip("/").rpartition("/")[2]
            if is_remade_folder(name) or name == ".git":
                continue
            looked_at += 1
            yield from self._listed(folder, folders)

    def _listed(self, folder: str, folders: deque[str]) -> Iterator[tuple[str, Status]]:
        """The files of one folder; what is below goes to `folders`."""
        try:
            with os.scandir(self._root / folder) as listing:
                entries = sorted(islice(listing, FILES_MAX), key=lambda entry: entry.name)
        except OSError:
            return
        if any(entry.name in _MARKS for entry in entries):
            return
        for entry in entries:
            path = folder + entry.name
            if not entry.name.isprintable():
                continue  # No record could name it.
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{path}/")
                elif not REMADE_FILES.fullmatch(entry.name) and not path.startswith(STAGING_PREFIX):
                    yield path, status_of(entry.stat(follow_symlinks=False))


def states_at(root: Path, paths: Iterable[str], keep: Keep) -> dict[str, str]:
    """Returns the states of those of these paths at which there is something that is no folder.

    What a link in the place of a folder leads to is not there. `keep` takes the contents.
    Blocking.
    """
    found: dict[str, str] = {}
    for folder, below in groupby(sorted(paths, key=_folder_of), _folder_of):
        with suppress(OSError), open_folder(root / folder) as descriptor:
            for path in below:
                status = _status_in(descriptor, path.removeprefix(folder))
                if status is not None:
                    found[path] = str(look_at(f"{root}/{path}", status, keep))
    return found


def is_remade_folder(name: str) -> bool:
    """Says whether tools make anew what is in a folder of this name."""
    return name in REMADE_FOLDERS or name.endswith(("cache", ".egg-info"))


def _folder_of(path: str) -> str:
    """Where it lies, with a slash at the end; empty for the root."""
    return "".join(path.rpartition("/")[:2])


def _status_in(folder: int, name: str) -> Status | None:
    """The status of what is there, None of a folder and of nothing."""
    try:
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    return None if stat.S_ISDIR(state.st_mode) else status_of(state)


def _is_settled(status: Status) -> bool:
    """Whether no change may have come right after it was read, with the same times."""
    return max(status[0], status[1]) < time.time_ns() - int(RACY_SECONDS * 1e9)
