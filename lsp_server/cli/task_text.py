"""This module gets the text of a task that is not on the command line: from a pipe, or from an editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import USAGE_ERROR, UsageError

FROM_INPUT = "-"
"""Stands for standard input in the place of a text."""
CHARS_MAX = 100_000
TEMPLATE = """

<!-- Write what is to be done above. An empty text does nothing. -->
"""


def given_text(argument: str | None, *, edit: bool = False) -> str | None:
    """Returns what is to be done: the argument, standard input for `-`, or what is written in an editor.

    Ends the process where that cannot be had, or is empty.
    """
    try:
        text = read_input() if argument == FROM_INPUT else argument
        return edit_text(text or "") if edit else text
    except UsageError as error:
        print_error(str(error))
        raise SystemExit(USAGE_ERROR) from error


def read_input() -> str:
    """Returns the text on standard input. Raises UsageError for one that is too long or no text."""
    data = b"" if sys.stdin is None else sys.stdin.buffer.read(4 * CHARS_MAX + 1)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageError("what comes on standard input is not UTF-8") from error
    if len(text) > CHARS_MAX:
        raise UsageError(f"a task has at most {CHARS_MAX:,} characters; name a file in it instead")
    return text


def editor_command() -> tuple[str, ...]:
    """Returns the person's editor, from VISUAL or EDITOR; empty where neither is set."""
    return tuple(shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""))


def edit_text(text: str = "") -> str:
    """Lets the person write a text in their editor, or go on with one, and returns it.

    Raises UsageError without an editor, or when it fails.
    """
    command = editor_command()
    if not command:
        raise UsageError("set VISUAL or EDITOR to the editor to write in, as in EDITOR=nano")
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
        path = Path(folder, "TASK.md")
        path.write_text(text + TEMPLATE, "utf-8")
        try:
            # The person's own program, which gets the terminal as git gives it.
            status = subprocess.run(
                [*command, str(path)], check=False, stdin=None, stdout=None, stderr=None
            ).returncode
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the editor {command[0]} cannot be used: {error}") from error
    if status != 0:
        raise UsageError(f"the editor {command[0]} ended with {status}, so nothing is done")
    return text.replace(TEMPLATE.strip(), "").strip()


def is_on_terminal() -> bool:
    """Says whether a person can write here."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
