"""This module defines the Events that are about files: what a run changed, and what undo gave back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.ids import Id


@dataclass(frozen=True, slots=True)
class FileChanged:
    """The run changed a file, or a folder, whose path ends with a slash.

    `before` and `after` name what was and is there, with stored contents; None means nothing.
    """

    path: str
    before: Id | None
    after: Id | None
    kind: Literal["file_changed"] = "file_changed"

    @property
    def is_folder(self) -> bool:
        """Says whether it is about a folder itself, not about what is in it."""
        return self.path.endswith("/")


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """The state of all files was kept as `name`, before a command that may change some.

    It is what changes are compared with if the command's run is killed.
    """

    name: Id
    kind: Literal["snapshot_taken"] = "snapshot_taken"


@dataclass(frozen=True, slots=True)
class FileRestored:
    """Undo gave a file back its earlier content, or says why it could not."""

    path: str
    conflict: str | None = None
    kind: Literal["file_restored"] = "file_restored"
