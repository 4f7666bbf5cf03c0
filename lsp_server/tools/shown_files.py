"""This module says which commands show files that their words do not name.

A command that goes through folders shows what is in them; git shows what was committed,
whatever is on the disk. Both matter where a file must not be shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsp_server.tools.read_only import git_arguments
from lsp_server.tools.shell_syntax import Command, ShellScript, word_set

_GREPS = frozenset({"grep", "egrep", "fgrep"})
_INTO_FOLDERS = re.compile(r"-[^-]*[rRd]|--[rd]")
_NO_INDEX = re.compile(r"--no-i|--u|--no-e")
"""Options with which git reads files that it does not know."""
_SHOWS_CONTENTS = frozenset({"diff", "show", "grep", "cat-file"})
_LOG_OPTIONS = word_set("""
    --oneline --stat --numstat --shortstat --graph --all --decorate --no-decorate --since --until --after
    --before --author --committer --grep --name-only --name-status --no-merges --merges --reverse --date
    --follow --max-count --skip --abbrev-commit --first-parent --no-color --branches --tags --remotes
    --topo-order --date-order --format --pretty --no-patch --
""")
_LOG_SHORT_OPTIONS = re.compile(r"-(?:\d+|n\d*|[isEFqgz]|[SG].*)")
"""Options of `git log` with which it shows no contents; any other may."""


def reads_unnamed_files(script: ShellScript) -> bool:
    """Says whether a script that only reads may show files of the folders that it is given.

    >>> from lsp_server.tools.shell_syntax import parse
    >>> reads_unnamed_files(parse("grep -rn x .")), reads_unnamed_files(parse("grep -n x a.py"))
    (True, False)
    """
    return any(map(goes_through_folders, script.commands))


def shows_history(script: ShellScript) -> bool:
    """Says whether a script that only reads may show what git keeps of files.

    >>> from lsp_server.tools.shell_syntax import parse
    >>> shows_history(parse("git log -p")), shows_history(parse("git log --oneline -5"))
    (True, False)
    """
    return any(map(shows_objects, script.commands))


def goes_through_folders(command: Command) -> bool:
    """Says whether a command shows files of the folders that it is given."""
    program, *arguments = command.texts
    if program in _GREPS:
        return any(_INTO_FOLDERS.match(word) for word in arguments)
    if program == "git":
        name, rest = _git(command)
        return name in _SHOWS_CONTENTS and any(map(_NO_INDEX.match, rest))
    return program == "rg"


def shows_objects(command: Command) -> bool:
    """Says whether a command shows what git keeps of files."""
    if command.texts[0] != "git":
        return False
    name, rest = _git(command)
    match name:
        case "log":
            return any(word.startswith("-") and not _is_quiet(word) for word in rest)
        case "status":
            return any(re.match(r"-[^-]*v|--v", word) for word in rest)
        case _:
            return name in _SHOWS_CONTENTS


def _is_quiet(word: str) -> bool:
    is_long = word.partition("=")[0] in _LOG_OPTIONS
    return is_long or _LOG_SHORT_OPTIONS.fullmatch(word) is not None


def _git(command: Command) -> tuple[str, Sequence[str]]:
    """The subcommand of a git command, empty where it has none, and its arguments."""
    texts = [word.text for word in git_arguments(command)]
    return (texts[0], texts[1:]) if texts else ("", [])
