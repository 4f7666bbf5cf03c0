"""This module decides whether the settings of a repository could start a program.

What `workspace/commands/inert.py` overrides cannot; what is known to be harmless cannot; of
any other setting it is not known. Only the repository's own files are looked at:
a person's settings are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lsp_server.settings.regular_files import read_whole
from lsp_server.workspace.git.git_repository import (
    GitRepository,
    NotARepository,
    has_parts,
    open_repository,
)

CONFIG_BYTES_MAX = 100_000
INDEX_BYTES_MAX = 30_000_000
_GITLINK = b"\x00\x00\xe0\x00"
"""The mode of an entry that stands for another repository."""

_SECTION = re.compile(r'\[([a-z0-9.-]+)(?:[ \t]+"(?:[^"\\]|\\.)*")?\]', re.IGNORECASE)
_SETTING = re.compile(r"([a-z][a-z0-9-]*)[ \t]*(?:=[ \t]*(.*))?", re.IGNORECASE)
_SWITCH = re.compile(r"true|false|yes|no|on|off|0|1|", re.IGNORECASE)

_WHOLE_SECTIONS = frozenset({"advice", "branch", "color", "gui", "user"})
_HARMLESS = frozenset(
    [
        "column.ui",
        "commit.gpgsign",
        "core.abbrev",
        "core.autocrlf",
        "core.bare",
        "core.bigfilethreshold",
        "core.checkstat",
        "core.commentchar",
        "core.compression",
        "core.eol",
        "core.filemode",
        "core.fscache",
        "core.hookspath",
        "core.ignorecase",
        "core.logallrefupdates",
        "core.longpaths",
        "core.multipackindex",
        "core.precomposeunicode",
        "core.preloadindex",
        "core.protecthfs",
        "core.protectntfs",
        "core.quotepath",
        "core.repositoryformatversion",
        "core.safecrlf",
        "core.sharedrepository",
        "core.sparsecheckout",
        "core.sparsecheckoutcone",
        "core.symlinks",
        "core.trustctime",
        "core.untrackedcache",
        "core.whitespace",
        "diff.algorithm",
        "diff.colormoved",
        "diff.colormovedws",
        "diff.context",
        "diff.indentheuristic",
        "diff.interhunkcontext",
        "diff.mnemonicprefix",
        "diff.noprefix",
        "diff.renamelimit",
        "diff.renames",
        "diff.wserrorhighlight",
        "extensions.compatobjectformat",
        "extensions.noop",
        "extensions.objectformat",
        "extensions.partialclone",
        "extensions.preciousobjects",
        "extensions.refstorage",
        "extensions.relativeworktrees",
        "extensions.worktreeconfig",
        "feature.experimental",
        "feature.manyfiles",
        "fetch.parallel",
        "fetch.prune",
        "fetch.prunetags",
        "fetch.recursesubmodules",
        "fetch.writecommitgraph",
        "gc.auto",
        "gc.autodetach",
        "gc.pruneexpire",
        "gc.worktreepruneexpire",
        "gpg.format",
        "index.skiphash",
        "index.threads",
        "index.version",
        "init.defaultbranch",
        "lfs.repositoryformatversion",
        "log.abbrevcommit",
        "log.date",
        "log.decorate",
        "log.follow",
        "maintenance.auto",
        "maintenance.strategy",
        "merge.conflictstyle",
        "merge.ff",
        "merge.renamelimit",
        "merge.renames",
        "pack.threads",
        "pack.usesparse",
        "pack.windowmemory",
        "pull.ff",
        "pull.rebase",
        "push.autosetupremote",
        "push.default",
        "push.followtags",
        "push.recursesubmodules",
        "rebase.autosquash",
        "rebase.autostash",
        "rebase.updaterefs",
        "remote.fetch",
        "remote.gh-resolved",
        "remote.mirror",
        "remote.partialclonefilter",
        "remote.promisor",
        "remote.prune",
        "remote.prunetags",
        "remote.push",
        "remote.pushurl",
        "remote.skipdefaultupdate",
        "remote.skipfetchall",
        "remote.tagopt",
        "remote.url",
        "rerere.autoupdate",
        "rerere.enabled",
        "status.branch",
        "status.short",
        "status.showstash",
        "status.showuntrackedfiles",
        "submodule.active",
        "submodule.url",
        "tag.gpgsign",
        "tag.sort",
    ]
)
"""By section and name, whatever the subsection is. None of them names a program or a file."""
_SWITCHES = frozenset({"core.fsmonitor"})
"""Harmless as long as they are only on or off."""


def starts_nothing(folder: Path, *, enters_submodules: bool) -> bool:
    """Says whether git, in a folder with an inert environment, starts no program of the project's.

    `enters_submodules` says that the subcommand looks into repositories within, which
    have settings of their own. Blocking, for a millisecond.
    """
    try:
        found = _repository_of(folder)
    except (OSError, NotARepository):
        return False
    if found is None:
        return True
    return _has_harmless_settings(found) and not (enters_submodules and _has_submodules(found))


def repository_folders(folder: Path) -> tuple[Path, ...]:
    """Returns where git finds the working tree of a folder and its data, which may be elsewhere.

    Empty where there is no repository, or it cannot be told which. Blocking, for a millisecond.
    """
    try:
        found = _repository_of(folder)
    except (OSError, NotARepository):
        return ()
    return tuple(path.resolve() for path in found.folders) if found else ()


def _repository_of(folder: Path) -> GitRepository | None:
    """The one that git finds from a folder. Raises NotARepository where that cannot be told."""
    for at in (folder, *folder.parents):
        if has_parts(at):
            raise NotARepository  # One without `.git`, made of ordinary files.
        if found := open_repository(at):
            return found
    return None


def _has_harmless_settings(repository: GitRepository) -> bool:
    """Whether all of its settings are known to be so."""
    files = (
        repository.common / "config",
        repository.common / "config.worktree",
        repository.own / "config.worktree",
    )
    return all(map(_is_harmless, files))


def _has_submodules(repository: GitRepository) -> bool:
    """Whether it may hold other repositories."""
    if any(repository.own.glob("sharedindex.*")):
        return True
    try:
        return _GITLINK in read_whole(repository.own / "index", INDEX_BYTES_MAX)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _is_harmless(file: Path) -> bool:
    try:
        text = read_whole(file, CONFIG_BYTES_MAX).decode()
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False
    return all(is_harmless_setting(name, value) for name, value in _settings(text))


def is_harmless_setting(name: str, value: str) -> bool:
    """Says whether a setting, by section and name in lower case, can start nothing."""
    if name in _SWITCHES:
        return _SWITCH.fullmatch(value) is not None
    return name in _HARMLESS or name.partition(".")[0] in _WHOLE_SECTIONS


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Names in lower case without subsections, and values as written.

    Less is understood than by git: a line that is neither section nor setting, or
    that goes on in the next one, has a name that nothing knows.
    """
    section = ""
    for line in (line.strip(" \t\r") for line in text.split("\n")):
        if not line or line[0] in "#;":
            continue
        if found := _SECTION.fullmatch(line):
            section = found[1].lower().partition(".")[0]
        elif (found := _SETTING.fullmatch(line)) and not line.endswith("\\"):
            yield f"{section}.{found[1].lower()}", found[2] or ""
        else:
            yield "", line
