"""This module reads the values of `.env` and similar files, so that they are recognised anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.redaction.dotenv_secrets import secrets_in_file
from lsp_server.redaction.secrets import is_secret_file, longest_first
from lsp_server.system.folder_walk import walk_folders
from lsp_server.workspace.files.disk import read_text

FILE_BYTES_MAX = 100_000
FILES_MAX = 200
FOLDERS_MAX = 5_000
"""Files deeper in a larger tree are not read: only the shape of their secrets gives them away."""
TOOL_FOLDERS = frozenset(
    [".git", ".hg", ".svn", ".jj", ".venv", "venv", "node_modules", "__pycache__", "target", ".tox"]
)
"""Folders that hold what programs put there, not a person's secrets."""


class SecretFiles:
    """A `SecretFiles` reads the files for secrets in a workspace, ignored ones too.

    `values` are the secrets as of the last look, the longest first.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.values: tuple[str, ...] = ()

    def look(self) -> None:
        """Reads the files anew. Blocking; one that cannot be read is passed over."""
        found: set[str] = set()
        for path in islice(self._files(), FILES_MAX):
            with suppress(OSError, ToolError):
                if path.stat().st_size <= FILE_BYTES_MAX:
                    found.update(secrets_in_file(read_text(path).text))
        self.values = longest_first(found)

    def _files(self) -> Iterator[Path]:
        for folder, names in islice(_folders(self._root), FOLDERS_MAX):
            yield from (Path(folder, name) for name in names if is_secret_file(name))


def secret_paths(root: Path) -> tuple[Path, ...] | None:
    """Returns all files for secrets below `root`, None where there are too many to look. Blocking."""
    found = []
    for count, (folder, names) in enumerate(_folders(root)):
        found += [Path(folder, name) for name in names if is_secret_file(name)]
        if count >= FOLDERS_MAX or len(found) > FILES_MAX:
            return None
    return tuple(found)


def _folders(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yields each folder with the names of its files."""
    for folder, below, names in walk_folders(root):
        # It goes on with the folders that are left in this list.
        below[:] = sorted(set(below) - TOOL_FOLDERS)
        yield folder, names
