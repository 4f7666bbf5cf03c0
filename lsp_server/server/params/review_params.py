"""This module has the shapes of the commands about what a run or a person changed."""

from __future__ import annotations

from typing import Literal

from pydantic import StrictBool, StrictStr

from lsp_server.server.params.base import CommandParams, Payload, Reply, WireRange
from lsp_server.session.review.reviewed_file import FileStatus
from lsp_server.session.review.run_review import PartState


class RunChanges(CommandParams):
    """`holdfast.run.changes` takes a run, by default the newest, and perhaps one file of it.

    `path` is relative to the workspace, or a `file:` URI. With it the reply has the text from
    before, with `diffs` each hunk has its lines, for a page that shows them all.
    """

    run_id: StrictStr | None = None
    path: StrictStr | None = None
    diffs: StrictBool = False


class RunPart(CommandParams):
    """`holdfast.run.keep` and `.undo` take a run, by default the newest, a file and a hunk of it.

    Without `hunk` it is about the whole file, without `path` about all files.
    """

    run_id: StrictStr | None = None
    path: StrictStr | None = None
    hunk: StrictStr | None = None


class ChangeHunk(Payload):
    """A `ChangeHunk` is one stretch of lines that a run changed.

    `before` are its lines in the text from before, `after` those in the text as it is now, from the
    beginning of the first line to that of the line behind the last. `edited` says that these
    were changed since. `diff` has the lines, each with `-` or `+` before it, where they were
    asked for; what is long is cut.
    """

    id: str
    state: PartState
    before: WireRange
    after: WireRange
    edited: bool = False
    diff: str | None = None


class ChangedFile(Payload):
    """A `ChangedFile` is a file that a run changed; a `renamed` one was at `fromPath` before.

    `additions` and `deletions` count lines. One without `hunks` is kept or taken back as a
    whole. `text` is the one that taking all of it back leaves, sent when the file was asked for.
    """

    uri: str
    path: str
    status: FileStatus
    state: Literal["open", "kept", "undone", "partly"]
    additions: int
    deletions: int
    hunks: tuple[ChangeHunk, ...] = ()
    binary: bool = False
    from_path: str | None = None
    text: str | None = None


class RunChangesReply(Reply):
    """A `RunChangesReply` has the files that a run changed, by their paths; `leftOut` counts more."""

    files: tuple[ChangedFile, ...] = ()
    left_out: int = 0


class ReviewRunParams(CommandParams):
    """`holdfast.review.run` takes what to review: a file or folder, by default all of a folder.

    `base` is a branch, tag or commit; by default the last commit.
    """

    uri: StrictStr | None = None
    base: StrictStr | None = None


class CommitMessageParams(CommandParams):
    """`holdfast.commit.message` takes a file of the repository that is meant."""

    uri: StrictStr | None = None
