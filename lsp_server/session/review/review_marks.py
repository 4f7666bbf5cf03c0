"""This module keeps what a person answered to the changes of a run, in a file beside its journal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lsp_server.system.atomic_file import replace_file

REVIEW = "review.json"


@dataclass(frozen=True, slots=True)
class FileMarks:
    """`FileMarks` are the parts of one file that a person kept, and those that were taken back.

    They are about its first so many `changes`: a run that goes on may make anew what was taken
    back.
    """

    kept: frozenset[str] = frozenset()
    undone: frozenset[str] = frozenset()
    changes: int = 0

    def with_kept(self, parts: frozenset[str], changes: int) -> FileMarks:
        """Returns the marks once these parts are kept."""
        return FileMarks(self.kept | parts, self.undone - parts, changes)

    def with_undone(self, parts: frozenset[str], changes: int) -> FileMarks:
        """Returns the marks once these parts are taken back."""
        return FileMarks(self.kept - parts, self.undone | parts, changes)


UNMARKED = FileMarks()
"""Those of a file to which nothing was answered."""


class _Marks(BaseModel):
    model_config = ConfigDict(frozen=True)

    kept: frozenset[str] = frozenset()
    undone: frozenset[str] = frozenset()
    changes: int


class _Review(BaseModel):
    files: dict[str, _Marks] = {}


def read_marks(folder: Path) -> Mapping[str, FileMarks]:
    """Returns the marks of the run in `folder` by path; a file that is damaged has none. Blocking."""
    with suppress(OSError, ValidationError):
        read = _Review.model_validate_json((folder / REVIEW).read_bytes())
        return {
            path: FileMarks(marks.kept, marks.undone, marks.changes)
            for path, marks in read.files.items()
        }
    return {}


def write_marks(folder: Path, marks: Mapping[str, FileMarks]) -> None:
    """Keeps the marks of the run in `folder`; a crash leaves the old ones. Blocking. Raises OSError."""
    review = _Review(
        files={
            path: _Marks(kept=one.kept, undone=one.undone, changes=one.changes)
            for path, one in marks.items()
        }
    )
    replace_file(folder / REVIEW, review.model_dump_json().encode(), private=True)
