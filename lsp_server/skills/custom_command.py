"""A `CustomCommand` is a task that a person wrote down once, to be given again by its name.

The format is Claude Code's: a Markdown file, whose name is the command's, with optional
front matter. `/review src/a.py` is the command `review` with the arguments `src/a.py`.
What that format has of shell commands to be run while the text is put together is left
as it stands: the model may run them, and is asked about as for any other command.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import ClassVar

from lsp_server.domain.tasks import Mode
from lsp_server.skills.source import Origin, Problem
from lsp_server.skills.written_file import can_be_typed, read_written_file

DESCRIPTION_CHARS_MAX = 200

_INVOCATION = re.compile(r"/(?P<name>[\w.:-]{1,64})(?:\s+(?P<arguments>.*))?", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$(?:ARGUMENTS\b|[1-9]\b)")


@dataclass(frozen=True, slots=True)
class CustomCommand:
    """A `CustomCommand` is one command as it lies on the disk.

    `hint` says what arguments it takes, `mode` is the mode of its task, and `paths` are
    patterns of file names that it is meant for. `fingerprint` changes with its text.
    """

    noun: ClassVar[str] = "command"

    name: str
    description: str
    body: str
    path: Path
    origin: Origin
    fingerprint: str
    hint: str = ""
    mode: Mode = "build"
    paths: tuple[str, ...] = ()

    def fits(self, path: Path) -> bool:
        """Says whether the command names the kind of this file."""
        return any(fnmatch(path.name, pattern) for pattern in self.paths)

    def expand(self, arguments: str) -> str:
        """Returns the task: the body with the arguments in the place of its placeholders.

        `$ARGUMENTS` is all of them, `$1` to `$9` are single ones, quoted as in a shell.
        Where the body has no placeholder, arguments stand behind it.

        >>> command = CustomCommand("fix", "", "Fix $1, then test.", Path("fix.md"), "user", "")
        >>> command.expand("'the parser' soon")
        'Fix the parser, then test.'
        """
        arguments = arguments.strip()
        if not _PLACEHOLDER.search(self.body):
            return f"{self.body}\n\n{arguments}".strip()
        single = _words(arguments)

        def fill(match: re.Match[str]) -> str:
            key = match[0][1:]
            if key == "ARGUMENTS":
                return arguments
            return single[int(key) - 1] if int(key) <= len(single) else ""

        # In one pass, so that an argument that looks like a placeholder stays as it is.
        return _PLACEHOLDER.sub(fill, self.body).strip()


def makes(body: str, task: str) -> bool:
    """Says whether a command with this body made a task, whatever its arguments; blanks do not matter.

    A body of placeholders alone may make any text, so it is said to make none.

    >>> makes("Fix $1, then test.", "Fix the parser, then test."), makes("$ARGUMENTS", "Fix it.")
    (True, False)
    """
    first, *others = (" ".join(piece.split()) for piece in _PLACEHOLDER.split(body))
    rest = " ".join(task.split())
    if not (first or any(others)) or not rest.startswith(first):
        return False
    rest = rest.removeprefix(first)
    for piece in others:
        _, found, rest = rest.partition(piece) if piece else ("", "-", rest)
        if not found:
            return False
    return True


def parse_invocation(text: str) -> tuple[str, str] | None:
    """Reads `/name arguments` at the start of a task; None when it begins otherwise.

    >>> parse_invocation("/review src/a.py"), parse_invocation("/etc/hosts is wrong")
    (('review', 'src/a.py'), None)
    """
    match = _INVOCATION.fullmatch(text.strip())
    return None if match is None else (match["name"], match["arguments"] or "")


def read_command(
    path: Path, name: str, origin: Origin
) -> tuple[CustomCommand | None, Problem | None]:
    """Reads a command; None, with the reason, when it cannot be used. Blocking."""
    written = read_written_file(path)
    if isinstance(written, Problem):
        return None, written
    head, body = written.head, written.body
    if not body or not can_be_typed(name):
        why = "its name cannot be typed" if body else "the command has no text"
        return None, Problem(path, 0, why)
    return CustomCommand(
        name,
        (head.text("description") or _first_line(body))[:DESCRIPTION_CHARS_MAX],
        body,
        path,
        origin,
        written.fingerprint,
        head.text("argument-hint"),
        "plan" if head.text("mode") == "plan" else "build",
        head.words("paths") or (),
    ), None


def _first_line(body: str) -> str:
    return body.strip().partition("\n")[0].lstrip("# ")


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:  # A quote without its end is an apostrophe.
        return arguments.split()
