"""This module says which commands show a file that a rule denies to be read.

Only words are looked at. A program that shows files is denied one that its words name; where
it goes through folders, takes names from elsewhere, or another program is given the file, it
is unclear. What scripts and build files read cannot be seen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from lsp_server.tools.confinement import LOOKS_MAX, named_paths
from lsp_server.tools.inner_commands import RunCommand, commands_run_by, program_name
from lsp_server.tools.read_only import READ_ONLY_PROGRAMS
from lsp_server.tools.shell_syntax import Command, ShellScript, Word, word_set
from lsp_server.tools.shown_files import goes_through_folders, shows_objects
from lsp_server.tools.wrappers import GIT_COMMANDS
from lsp_server.workspace.files.paths import Workspace

Reading: TypeAlias = Literal["no", "unclear", "yes"]

_NAMES_ONLY = word_set("""
    echo printf true false pwd ls tree du df stat test [ [[ basename dirname realpath readlink which cd
    pushd popd mkdir rmdir rm unlink touch chmod chown chgrp find export exit set
""")
"""Programs that look at files without showing what is in them."""
_SHOWING = (
    frozenset(READ_ONLY_PROGRAMS)
    | word_set("""
    sed awk gawk mawk cp mv ln dd install tee split csplit less more most bat batcat view vi vim nvim nano
    ed ex emacs xxd base64 base32 strings iconv zcat bzcat xzcat gzip bzip2 xz zstd jq yq openssl gpg curl
    wget nc socat source . read mapfile readarray tar zip 7z rsync scp ag ack diff3 sdiff pr fmt shuf
    """)
) - _NAMES_ONLY
_WIDE = word_set("tar zip 7z rsync scp ag ack find fd")
"""Programs that go through folders and may show or copy all that is in them."""
_GIT_SHOWING = word_set("""
    stash format-patch archive whatchanged diff-tree diff-index diff-files range-diff difftool
    fast-export bundle worktree
""")
"""Subcommands that show or copy what git keeps, beside those that only read."""
_RECURSIVE = re.compile(r"-[^-]*[rRa]|--(?:recursive|archive)")
_BETWEEN_PATHS = re.compile(r"[^\w./~*?\[\]-]+")


def reads_denied(
    script: ShellScript, workspace: Workspace, visible: Callable[[Path], bool]
) -> Reading:
    """Says whether a script shows a file that is not `visible`. Blocking, for some milliseconds.

    `visible` says of an absolute path that no rule is against reading it.
    """
    found: Reading = "no"
    for run in commands_run_by(script):
        match "unclear" if run is None else _reads(run, workspace, visible):
            case "yes":
                return "yes"
            case "unclear":
                found = "unclear"
            case "no":
                pass
    return found


def _reads(run: RunCommand, workspace: Workspace, visible: Callable[[Path], bool]) -> Reading:
    if any(not _are_visible([word], workspace, visible) for word in run.targets):
        return "yes"
    if any(word.kind == "dynamic" for word in run.targets):
        return "unclear"
    if not run.words:
        return "no"
    program, words = run.words[0], run.words[1:]
    name = program_name(program.text)
    if program.kind != "literal":
        return "unclear"
    if name in _NAMES_ONLY:
        return "no"
    shows = name in _SHOWING or name == "git"
    if not _are_visible(words, workspace, visible):
        return "yes" if shows else "unclear"
    if shows and (any(word.kind == "dynamic" for word in words) or _is_wide(run)):
        return "unclear"
    parts = [Word(part) for word in words for part in _BETWEEN_PATHS.split(word.text) if part]
    return "no" if _are_visible(parts, workspace, visible) else "unclear"


def _is_wide(run: RunCommand) -> bool:
    """Says whether a program that shows files may show some that its words do not name."""
    command = Command(run.words)
    name = program_name(run.words[0].text)
    if name == "git":
        at = next((i for i, word in enumerate(run.words) if word.text in GIT_COMMANDS), 0)
        if run.words[at].text in _GIT_SHOWING:
            return True
        command = Command((Word(name), *run.words[at:]))
    if name in _WIDE or goes_through_folders(command) or shows_objects(command):
        return True
    return name in ("cp", "diff") and any(_RECURSIVE.match(word.text) for word in run.words[1:])


def _are_visible(
    words: list[Word] | tuple[Word, ...], workspace: Workspace, visible: Callable[[Path], bool]
) -> bool:
    paths = islice(_existing(words, workspace), LOOKS_MAX)
    try:
        return all(visible(path) for path in paths)
    except OSError:
        return False  # One leads through a link that may not be read, as below /proc.


def _existing(words: list[Word] | tuple[Word, ...], workspace: Workspace) -> Iterator[Path]:
    """The paths that the words name, by the name and with links followed."""
    for path in named_paths(words, workspace):
        if os.path.lexists(path):
            yield path
            yield path.resolve()
