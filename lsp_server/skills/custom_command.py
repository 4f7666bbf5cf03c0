"""A `CustomCommand` is a task that a person wrote down once, to be given again by its name.

The format is Claude Code's: a Markdown file, whose name is the command's, with optional
front matter. `/review src/a.py` is the command `review` with the arguments `src/a.py`.
What that format has of shell commands to be run while the text is put together is left
as it stands: the model may run them, and is asked about as for any other command.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from lsp_server.domain.tasks import Mode
from lsp_server.settings.regular_files import read_whole
from lsp_server.skills.front_matter import FENCE, FrontMatter, FrontMatterError, read_front_matter
from lsp_server.skills.source import Origin, Problem

FILE_BYTES_MAX = 100_000
DESCRIPTION_CHARS_MAX = 200

_NAME = re.compile(r"[\w.:-]{1,64}")
_INVOCATION = re.compile(r"/(?P<name>[\w.:-]{1,64})(?:\s+(?P<arguments>.*))?", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$(?:ARGUMENTS\b|[1-9]\b)")


@dataclass(frozen=True, slots=True)
class CustomCommand:
    """A `CustomCommand` is one command as it lies on the disk.

    `hint` says what arguments it takes, `mode` is the mode of its task, and `paths` are
    patterns of file names that it is meant for. `fingerprint` changes with its text.
    """

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
    try:
        data = read_whole(path, FILE_BYTES_MAX)
        text = data.decode("utf-8").replace("\r\n", "\n")
        head = read_front_matter(text) if text.startswith(FENCE) else FrontMatter({}, {}, text)
    except FrontMatterError as error:
        return None, Problem(path, error.line, str(error))
    except UnicodeDecodeError:
        return None, Problem(path, 0, "the file is no UTF-8 text")
    except OSError as error:
        return None, Problem(path, 0, f"it cannot be read: {error.strerror or error}")
    if not head.body.strip() or not _NAME.fullmatch(name):
        why = "the command has no text" if not head.body.strip() else "its name cannot be typed"
        return None, Problem(path, 0, why)
    return CustomCommand(
        name,
        (head.text("description") or _first_line(head.body))[:DESCRIPTION_CHARS_MAX],
        head.body.strip(),
        path,
        origin,
        hashlib.sha256(data).hexdigest(),
        head.text("argument-hint"),
        "plan" if head.text("mode") == "plan" else "build",
        _patterns(head),
    ), None


def _patterns(head: FrontMatter) -> tuple[str, ...]:
    value = head.values.get("paths", "")
    texts = value if isinstance(value, list) else str(value).split(",")
    return tuple(one.strip() for one in texts if isinstance(one, str) and one.strip())


def _first_line(body: str) -> str:
    return body.strip().partition("\n")[0].lstrip("# ")


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:  # A quote without its end is an apostrophe.
        return arguments.split()
