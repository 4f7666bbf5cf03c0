"""This module says what a command would remove for good, as far as its words and the disk tell.

Before a command that may change files all that counts is kept for undo, and what git
ignores as far as nothing makes it anew (`workspace/checkpoints/ignored_files.py`). What is left
are large files, and what git's own store alone has.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from lsp_server.text.truncate import one_line
from lsp_server.tools.inner_commands import commands_run_by, find_operands, program_name
from lsp_server.tools.shell_syntax import ShellScript, Word
from lsp_server.workspace.checkpoints.ignored_files import FILES_MAX, is_remade_folder
from lsp_server.workspace.checkpoints.tree import FILE_BYTES_MAX
from lsp_server.workspace.files.paths import Workspace

NAMED_MAX = 3
NAME_CHARS_MAX = 100

_FORGETTING: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    # what git is asked for, and options of which one makes it final; none: it always is
    (("stash", "drop"), ()),
    (("stash", "clear"), ()),
    (("branch",), ("-D", "-d", "--delete")),
    (("tag",), ("-d", "--delete")),
    (("reflog", "expire"), ()),
    (("reflog", "delete"), ()),
    (("update-ref",), ("-d",)),
    (("gc",), ("--prune", "--prune=now", "--prune=all")),
    (("prune",), ()),
    (("worktree", "remove"), ("-f", "--force")),
    (("filter-branch",), ()),
    (("filter-repo",), ()),
)
_PATTERN = re.compile(r"[*?\[]")
_REMOVERS = frozenset({"rm", "unlink", "shred", "truncate"})


def lasting_loss(script: ShellScript, workspace: Workspace) -> str | None:
    """Returns in a sentence what undo could not give back after this command; None for nothing known.

    Looks at the disk, at no more than some thousand entries.

    >>> import tempfile
    >>> from lsp_server.tools.shell_syntax import parse
    >>> workspace = Workspace(Path(tempfile.mkdtemp()))
    >>> lasting_loss(parse("git stash drop"), workspace)
    '`git stash drop` removes what only git keeps, so undo cannot give it back'
    >>> lasting_loss(parse("git stash list"), workspace) is None
    True
    """
    for run in commands_run_by(script):
        words = run.words if run is not None else ()
        name = program_name(words[0].text) if words else ""
        texts = [word.text for word in words[1:]]
        if name == "git" and (operation := _forgets(texts)):
            return f"`git {operation}` removes what only git keeps, so undo cannot give it back"
        cleans = name == "git" and find_operands(("clean",), texts) is not None
        places = [workspace.root] if cleans else _operands(words[1:], workspace)
        if cleans or name in _REMOVERS:
            large = list(islice(_large_files(places), NAMED_MAX + 1))
            if large:
                return (
                    f"{_names(large, workspace)} cannot be given back by undo: too large to be kept"
                )
    return None


def _forgets(texts: Sequence[str]) -> str | None:
    for operands, options in _FORGETTING:
        end = find_operands(operands, texts)
        if end is not None and (not options or not set(options).isdisjoint(texts[end:])):
            return " ".join(operands)
    return None


def _operands(words: Iterable[Word], workspace: Workspace) -> Iterator[Path]:
    """What the words name in the workspace; of a pattern, the folder that it looks into."""
    for word in words:
        if word.kind == "dynamic" or word.text.startswith("-"):
            continue
        text = word.text
        if word.kind == "glob":
            text = _PATTERN.split(text, maxsplit=1)[0].rpartition("/")[0]
        path = workspace.root / text
        if workspace.inside(Path(os.path.normpath(path))):
            yield path


def _large_files(places: Iterable[Path]) -> Iterator[Path]:
    """The files that are too large to be kept, but for what tools make anew."""
    waiting = list(places)
    looked_at = 0
    while waiting and looked_at < FILES_MAX:
        path = waiting.pop()
        looked_at += 1
        with suppress(OSError, ValueError):
            if path.is_symlink():
                continue
            if path.is_dir():
                if not is_remade_folder(path.name) and path.name != ".git":
                    waiting += islice(path.iterdir(), FILES_MAX)
            elif path.stat().st_size > FILE_BYTES_MAX:
                yield path


def _names(paths: Sequence[Path], workspace: Workspace) -> str:
    shown = ", ".join(
        one_line(workspace.relative(path), NAME_CHARS_MAX) for path in paths[:NAMED_MAX]
    )
    return f"{shown} and more" if len(paths) > NAMED_MAX else shown
