"""This module reads the history of a project from git: which files were changed together, and why."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.text.terminal import terminal_text
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.commands.inert import inert_environment

SECONDS_MAX = 20.0
OUTPUT_BYTES_MAX = 16_000_000
FILES_MAX = 50
"""A commit of more files says little about any of them, so it is left out."""

_FIELDS = ("%H", "%cd", "%s", "%b")
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
    # No message and no name holds a NUL, and all else may be in either.
    "-z",
    f"--format=%x00{'%x00'.join(_FIELDS)}%x00",
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
    if commits_max == 0:
        return ()
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
    if done.truncated_bytes:
        # Somebody put a file into a message; the newest commits say most.
        return await read_commits(folder, commits_max // 2, commands)
    if done.exit_status != 0:
        return ()
    return await asyncio.to_thread(lambda: tuple(_commits(done.output)))


def _commits(output: str) -> Iterator[Commit]:
    """Yields the commits that have files, and not too many.

    Each is an empty field, those of the format, another empty one, and the names.
    """
    fields = iter(output.split("\0")[1:])
    while record := list(islice(fields, len(_FIELDS))):
        next(fields, None)
        names = list(iter(partial(next, fields, ""), ""))
        if len(record) == len(_FIELDS) and 0 < len(names) <= FILES_MAX:
            name, at, *words = record
            subject, body = map(terminal_text, words)
            # git puts a line feed in front of the first one.
            files = (names[0].removeprefix("\n"), *names[1:])
            yield Commit(name, at, subject, body.strip(), files)
