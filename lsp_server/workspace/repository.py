"""This module decides whether the settings of a repository could start a program.

What `workspace/inert.py` overrides cannot; what is known to be harmless cannot; of
any other setting it is not known. Only the repository's own files are looked at:
a person's settings are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsp_server.settings.regular_files import read_whole

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
    except (OSError, _Unclear):
        return False
    if found is None:
        return True
    return found.is_harmless and not (enters_submodules and found.has_submodules)


def repository_folders(folder: Path) -> tuple[Path, ...]:
    """Returns where git finds the working tree of a folder and its data, which may be elsewhere.

    Empty where there is no repository, or it cannot be told which. Blocking, for a millisecond.
    """
    try:
        found = _repository_of(folder)
    except (OSError, _Unclear):
        return ()
    if found is None:
        return ()
    top = next(at for at in (folder, *folder.parents) if (at / ".git").exists())
    return tuple(path.resolve() for path in (top, found.own, found.common))


@dataclass(frozen=True, slots=True)
class _Repository:
    """Where a repository keeps what belongs to one working tree, and what all of them share."""

    own: Path
    common: Path

    @property
    def is_harmless(self) -> bool:
        """Whether all of its settings are known to be so."""
        files = (
            self.common / "config",
            self.common / "config.worktree",
            self.own / "config.worktree",
        )
        return all(map(_is_harmless, files))

    @property
    def has_submodules(self) -> bool:
        """Whether it may hold others."""
        if any(self.own.glob("sharedindex.*")):
            return True
        try:
            return _GITLINK in read_whole(self.own / "index", INDEX_BYTES_MAX)
        except FileNotFoundError:
            return False
        except OSError:
            return True


class _Unclear(Exception):
    """It cannot be told which repository git would take."""


def _repository_of(folder: Path) -> _Repository | None:
    """The one that git finds from a folder. Raises _Unclear."""
    for at in (folder, *folder.parents):
        if _has_parts(at):
            raise _Unclear  # A repository without `.git`, made of ordinary files.
        place = at / ".git"
        if place.is_dir():
            return _opened(place)
        if place.exists() or place.is_symlink():
            return _opened(at / _line(place, "gitdir: "))
    return None


def _opened(own: Path) -> _Repository:
    shared = own / "commondir"
    common = own / _line(shared, "") if shared.exists() else own
    if not (own / "HEAD").exists() or not _has_parts(common, head=False):
        raise _Unclear
    return _Repository(own, common)


def _has_parts(folder: Path, *, head: bool = True) -> bool:
    """What git knows a repository by."""
    names = ("objects", "refs", "HEAD") if head else ("objects", "refs")
    return all((folder / name).exists() for name in names)


def _line(file: Path, start: str) -> str:
    try:
        text = read_whole(file, CONFIG_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise _Unclear from error
    if not text.startswith(start) or "\0" in text:
        raise _Unclear
    return text.removeprefix(start).rstrip("\r\n")


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
