"""This module reads the history of a project from git: which files were changed together, and why."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.commands import CommandRunner
from lsp_server.workspace.inert import inert_environment

SECONDS_MAX = 20.0
OUTPUT_BYTES_MAX = 16_000_000
FILES_MAX = 50
"""A commit of more files says little about any of them, so its files are left out."""

_FIELD, _RECORD = "\x1f", "\x1e"
_COMMAND = (
    *(
        "env",
        "TZ=UTC",
        "git",
        "--no-pager",
        "-c",
        "core.quotePath=false",
        "log",
        "--no-show-signature",
    ),
    *("--no-ext-diff", "--no-textconv", "--no-merges", "--no-renames", "--name-only", "--relative"),
    "--date=format-local:%Y-%m-%dT%H:%M:%S+00:00",
    f"--format={_RECORD}%H{_FIELD}%cd{_FIELD}%s{_FIELD}%b{_FIELD}",
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A `Commit` is one entry of the history. `at` is ISO 8601 in UTC, `files` are relative to the folder that was asked about."""

    id: str
    at: str
    subject: str
    body: str
    files: tuple[str, ...]


async def read_commits(
    folder: Path, commits_max: int, commands: CommandRunner
) -> tuple[Commit, ...]:
    """The newest `commits_max` commits that touch the folder, the newest first.

    Empty without git, without a commit, or when git takes longer than SECONDS_MAX.
    """
    command = shlex.join([*_COMMAND, f"--max-count={commits_max}", "--", "."])
    try:
        done = await commands.run(
            command,
            folder,
            timeout_seconds=SECONDS_MAX,
            output_bytes_max=OUTPUT_BYTES_MAX,
            environment=inert_environment(folder),
            reads_only=True,
        )
    except ToolError:
        return ()
    if done.exit_status != 0 or done.truncated_bytes:
        return ()
    found = map(_commit, done.output.split(_RECORD)[1:])
    return tuple(commit for commit in found if commit.files)


def _commit(record: str) -> Commit:
    name, at, subject, body, rest = record.split(_FIELD, 4)
    files = tuple(path for path in rest.split("\n") if path)
    return Commit(name, at, subject, body.strip(), files if len(files) <= FILES_MAX else ())
