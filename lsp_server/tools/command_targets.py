"""This module reads from the words of a command which paths and hosts it would touch.

It is for a person who decides, and decides nothing itself: what a program does beyond its
words is not seen, so nothing found means that it cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lsp_server.text.truncate import one_line
from lsp_server.tools.shell_syntax import Command, ShellScript, Word
from lsp_server.workspace.files.paths import Workspace

TARGETS_SHOWN_MAX = 8
TARGET_CHARS_MAX = 200
CANNOT_BE_TOLD = "cannot be told from its words"

_NOWHERE = frozenset({"/dev/null"})
_LOGIN = re.compile(r"(?:[\w.+-]+@)([A-Za-z0-9][\w.-]*\.[A-Za-z]{2,}|localhost)(?::.*)?")
"""As `git@example.org:a/b` has it."""
_PATH = re.compile(r"[/~].*|\S*/\S*", re.DOTALL)
"""A word that begins as a path does, or has a slash and no blank, as messages have."""
_OPTION_VALUE = re.compile(r"-[^=]*=(.+)", re.DOTALL)


def targets_text(script: ShellScript, workspace: Workspace) -> str:
    """Returns the paths and hosts that the words of a command name, in its order. Looks at the disk.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from lsp_server.tools.shell_syntax import parse
    >>> workspace = Workspace(Path(tempfile.mkdtemp()))
    >>> targets_text(parse("curl -o /tmp/a https://example.org/a"), workspace)
    '/tmp/a, example.org'
    >>> targets_text(parse("make deploy"), workspace)
    'cannot be told from its words'
    """
    if not script.understood:
        return CANNOT_BE_TOLD
    commands = list(script.everything())
    found = list(dict.fromkeys(one for each in commands for one in _targets(each, workspace)))
    if not found:
        return CANNOT_BE_TOLD
    shown = [one_line(target, TARGET_CHARS_MAX) for target in found[:TARGETS_SHOWN_MAX]]
    more = len(found) - TARGETS_SHOWN_MAX
    text = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    words = (word for each in commands for word in (*each.words[1:], *_files(each)))
    return f"{text} and what {CANNOT_BE_TOLD}" if any(map(_is_unsure, words)) else text


def _targets(command: Command, workspace: Workspace) -> Iterator[str]:
    for word in command.words[1:]:
        if not _is_unsure(word):
            yield from _target(word.text, workspace)
    yield from (file.text for file in _files(command) if not _is_unsure(file))


def _files(command: Command) -> Iterator[Word]:
    """The files that a command is redirected to: no streams, as in `2>&1`, and no texts."""
    for operator, file in command.redirections:
        is_stream = file.text.isdigit() or file.text in _NOWHERE
        if not is_stream and "<<" not in operator:
            yield file


def _is_unsure(word: Word) -> bool:
    return word.kind == "dynamic" and not word.text.startswith("~")


def _target(text: str, workspace: Workspace) -> Iterator[str]:
    if text.startswith("-"):
        value = _OPTION_VALUE.fullmatch(text)
        if value is None:
            return
        text = value[1]
    if "://" in text:
        yield _host(text)
    elif login := _LOGIN.fullmatch(text):
        yield login[1]
    elif _PATH.fullmatch(text) or _is_there(text, workspace):
        yield text


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _is_there(text: str, workspace: Workspace) -> bool:
    try:
        return (workspace.root / text).exists()
    except (OSError, ValueError):
        return False
