"""This module decides which files count: those that git tracks or does not ignore.

It reads what git reads: `.gitignore` in every folder from the repository's root
down, `info/exclude`, a person's own file of rules and the index. A repository within
has rules of its own. `.holdfastignore` wins over all of them. Files that tools make
(`DERIVED`) are ignored unless a rule says otherwise, those of version control and
Holdfast (`INTERNAL`) never count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

from lsp_server.system.atomic_file import STAGING_PREFIX
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.folder_rules import FolderRules, Verdict
from lsp_server.workspace.git.rule_sources import GIT_RULES, RULE_FILES, RuleSources

INTERNAL = frozenset({".git", ".hg", ".svn", ".jj", ".holdfast"})
FOLDERS_MAX = 50_000
"""So many folders' verdicts are kept from one walk to the next."""

_UNWRITABLE = re.compile("[\x00-\x1f\x7f\u2028\u2029]")
_UNDECODED = re.compile("[\ud800-\udfff]")

_UNWRITABLE_REASON = "its name cannot be written on one line of text"

Skipped: TypeAlias = Callable[[str, str], None]
"""Is called with a path that cannot be walked, and the reason."""

Found: TypeAlias = tuple[str, "os.DirEntry[str]"]
"""An entry that counts, and its path; a folder's ends with `/`."""

Walked: TypeAlias = tuple[str, "os.DirEntry[str]", FolderRules | None]
"""The same, with the rules for what is in a folder, None for all else."""

Verdicts: TypeAlias = dict[str, Verdict]
"""By name, a folder's ending with `/`."""


class Ignore:
    """The ignore rules of one workspace, read anew for each question. All of it blocks.

    With `asked_from` the workspace is a folder of another one, which begins there, and was
    asked for by name: git's rules do not hold.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name, text in {"a.py": "", "b.log": "", ".gitignore": "*.log"}.items():
    ...     _ = (root / name).write_text(text)
    >>> list(Ignore(Workspace(root)).walk())
    ['.gitignore', 'a.py']
    """

    def __init__(self, workspace: Workspace, asked_from: Path | None = None) -> None:
        self._workspace = workspace
        self._sources = RuleSources(workspace.root, asked_from)
        self._verdicts: dict[str, tuple[FolderRules, Verdicts]] = {}

    def matches(self, path: Path) -> bool:
        """Returns whether a canonical path is ignored; everything outside of the workspace is."""
        if not self._workspace.inside(path):
            return True
        relative = self._workspace.relative(path)
        if relative == ".":
            return False
        folder, _, name = relative.rpartition("/")
        rules = self._rules_in(folder)
        if rules is None or name in INTERNAL:
            return True
        rules = self._sources.within(rules, f"{folder}/" if folder else "")
        return rules.verdict(f"{relative}/" if path.is_dir() else relative) is Verdict.HIDDEN

    def walk(
        self,
        folder: Path | None = None,
        skipped: Skipped = lambda *_: None,
        *,
        undecoded: bool = False,
    ) -> Iterator[str]:
        """Gives every regular file that counts, relative with slashes, lazily and in order.

        `skipped` is called with each folder or name that cannot be walked, and why; with
        `undecoded` names that are not UTF-8 are none of these.
        """
        for path, entry in self.scan(folder, skipped, undecoded=undecoded):
            if entry.is_file(follow_symlinks=False):
                yield path

    def walk_by_name(
        self, folder: Path, skipped: Skipped = lambda *_: None, *, undecoded: bool = False
    ) -> Iterator[str]:
        """Gives the files of a folder that was asked for by name.

        As `walk`; where git ignores all of it, what it ignores. Paths outside of the
        workspace are absolute.
        """
        root = self._workspace.root
        is_inside = self._workspace.inside(folder)
        if is_inside:
            files = self.walk(folder, skipped, undecoded=undecoded)
            first = next(files, None)
            if first is not None or folder == root:
                yield from chain([first] if first else [], files)
                return
        asked = Ignore(Workspace(folder), asked_from=root if is_inside else None)
        prefix = self._workspace.relative(folder)
        for path in asked.walk(None, skipped, undecoded=undecoded):
            yield f"{prefix}/{path}"

    def scan(
        self,
        folder: Path | None = None,
        skipped: Skipped = lambda *_: None,
        *,
        folders: bool = False,
        undecoded: bool = False,
    ) -> Iterator[Found]:
        """Gives every entry that counts, in the order of their paths; symbolic links are not followed.

        With `folders` those too, each before what is in it, their paths with a slash at the end.
        """
        start = self._workspace.relative(folder) if folder else "."
        prefix = "" if start == "." else f"{start}/"
        rules = self._rules_in(prefix)
        listed = partial(self._listed, skipped=skipped, undecoded=undecoded)
        stack = [iter(listed(prefix, rules) if rules else ())]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
                continue
            path, entry, within = found
            is_folder = within is not None
            if within is not None:
                stack.append(iter(listed(path, within)))
            if folders or not is_folder:
                yield path, entry

    def listings(
        self, ignored: Callable[[str], None] = lambda _: None, skipped: Skipped = lambda *_: None
    ) -> Iterator[Sequence[Walked]]:
        """Gives all entries that count in another order, which takes half the time: folder by folder.

        `ignored` is called with each path that does not count, those of version control left
        out, and not with what is in such a folder, whose path ends with `/`; `skipped` as for
        `walk`.
        """
        waiting: list[tuple[str, FolderRules]] = [("", self._sources.above())]
        while waiting:
            found = self._listed(*waiting.pop(), skipped, ignored=ignored)
            waiting += [(path, within) for path, _, within in found if within is not None]
            yield found

    def _rules_in(self, folder: str) -> FolderRules | None:
        """The rules for a folder, but for those that stand in it; None when it is hidden."""
        at, rules = "", self._sources.above()
        for name in filter(None, folder.split("/")):
            rules = self._sources.within(rules, at)
            at += f"{name}/"
            verdict = rules.verdict(at)
            if name in INTERNAL or verdict is Verdict.HIDDEN:
                return None
            rules = replace(rules, is_ignored=verdict is Verdict.IGNORED)
        return rules

    def _listed(
        self,
        folder: str,
        rules: FolderRules,
        skipped: Skipped = lambda *_: None,
        *,
        undecoded: bool = False,
        ignored: Callable[[str], None] = lambda _: None,
    ) -> Sequence[Walked]:
        """The entries of one folder that count."""
        try:
            with os.scandir(self._workspace.root / folder) as listing:
                # Sorted, so that two walks over one tree give the same.
                entries = sorted(listing, key=attrgetter("name"))
        except OSError as error:
            skipped(folder, error.strerror or "unreadable")
            return ()
        rules = self._sources.within(rules, folder, [entry.name for entry in entries])
        rules_of_ignored = replace(rules, is_ignored=True)
        before, now = self._known_verdicts(folder, rules)
        found: list[Walked] = []
        for entry in entries:
            name = entry.name
            if name in RULE_FILES and not _is_file(entry, follow_links=name != GIT_RULES):
                skipped(folder + name, "it is no file, so its rules are not known")
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder:
                name += "/"
            verdict = before.get(name)
            if verdict is None:
                if not can_be_named(name, undecoded=undecoded):
                    skipped(folder + ascii(entry.name), _UNWRITABLE_REASON)
                    continue
                verdict = _verdict(rules, folder, name)
            if name.isascii() or not _UNDECODED.search(name):
                now[name] = verdict
            if verdict is not Verdict.HIDDEN:
                within = rules if verdict is Verdict.COUNTS else rules_of_ignored
                found.append((folder + name, entry, within if is_folder else None))
            elif entry.name not in INTERNAL:
                ignored(folder + name)
        return found

    def _known_verdicts(self, folder: str, rules: FolderRules) -> tuple[Verdicts, Verdicts]:
        """What the last walk decided by the same rules, and where this one writes what it decides."""
        made_by, before = self._verdicts.get(folder, (None, {}))
        if len(self._verdicts) >= FOLDERS_MAX:
            self._verdicts.clear()
        now: Verdicts = {}
        self._verdicts[folder] = (rules, now)
        return (before if made_by == rules else {}), now


def can_be_named(path: str, *, undecoded: bool = False) -> bool:
    """Says whether a path can be written on one line, with `undecoded` also one that is no UTF-8.

    >>> can_be_named("a b.py"), can_be_named("a\\nb.py")
    (True, False)
    """
    return not _UNWRITABLE.search(path) and (undecoded or not _UNDECODED.search(path))


def _is_file(entry: os.DirEntry[str], *, follow_links: bool) -> bool:
    try:
        return entry.is_file(follow_symlinks=follow_links)
    except OSError:  # A link that leads back to itself.
        return False


def _verdict(rules: FolderRules, folder: str, name: str) -> Verdict:
    is_ours = name.startswith(STAGING_PREFIX)
    if is_ours or name.removesuffix("/") in INTERNAL:
        return Verdict.HIDDEN
    return rules.verdict(folder + name)
