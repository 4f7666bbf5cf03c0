"""The overlay is what a workspace has otherwise than the commit of its base.

The tables are those of any workspace. Their files are the ones that differ: whatever the base
has of these does not count. A file that is gone keeps a row without chunks for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable
from lsp_server.memory.code_tables import CodeTables, IndexCounts
from lsp_server.memory.indexing import (
    CodeIndexer,
    IndexReport,
    Report,
    ignore_progress,
)
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import FileRead, stamp_of
from lsp_server.redaction.secrets import Secrets
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import can_be_named
from lsp_server.workspace.git.rule_sources import is_rule_file

GONE = "it is gone since the commit of the base"

FindDiffering: TypeAlias = Callable[[], Awaitable[frozenset[str]]]
"""Returns the paths whose files are not those of the commit of the base: changed, new or gone.

A path that ends with a slash is a folder of which all files differ. Raises ConfigurationError.
"""
FindBasePaths: TypeAlias = Callable[[], Awaitable[frozenset[str]]]
"""Returns the paths of all files of the base. Raises MemoryUnavailable."""
KeepBase: TypeAlias = Callable[[Secrets], Awaitable[None]]
"""Is called after each comparison with what is secret here; raises nothing."""


class OverlayTables(CodeTables):
    """`OverlayTables` keep the files that differ; `gone` are those that the commit has alone."""

    gone: frozenset[str] = frozenset()

    async def paths(self) -> frozenset[str]:
        """Returns the paths of which the base does not count. Raises MemoryUnavailable."""
        if self.writes:
            return frozenset(self.known)
        # Another process writes; what it does is seen within a second.
        return frozenset(row["path"] for row in await self.files.rows(["path"]))

    @property
    def counts(self) -> IndexCounts:
        """Returns the size of the overlay; what is gone counts as no file."""
        counts = super().counts
        gone = counts.skipped.get(GONE, 0)
        skipped = {why: count for why, count in counts.skipped.items() if why != GONE}
        return IndexCounts(counts.files - gone, counts.chunks, skipped)

    async def put(self, reads: Sequence[FileRead], *, urgent: bool) -> int:
        """Stores files that were read, which are there again if they were gone."""
        self.gone -= {read.path for read in reads}
        return await super().put(reads, urgent=urgent)

    async def remove(self, paths: Iterable[str]) -> int:
        """Deletes files and their chunks, and notes those that are gone, named or not."""
        removed = await super().remove(set(paths).difference(self.gone))
        gone = sorted(path for path in self.gone if not self._is_gone(path))
        noted = [FileRead(path, "", "", "text", (), GONE) for path in gone]
        await super().put(noted, urgent=False)
        return removed + len(gone)

    def _is_gone(self, path: str) -> bool:
        known = self.known.get(path)
        return known is not None and known.skipped == GONE


class OverlayIndexer(CodeIndexer):
    """An `OverlayIndexer` brings the overlay up to what is on disk.

    `find_differing` compares the files of now with the commit, `find_base_paths` is asked
    when rules that say which files count differ, `keep_base` has its turn when all is read.
    """

    def __init__(
        self,
        tables: OverlayTables,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        find_differing: FindDiffering,
        find_base_paths: FindBasePaths,
        keep_base: KeepBase,
        file_bytes_max: int,
        look_for_secrets: Callable[[], Secrets],
    ) -> None:
        super().__init__(
            tables,
            workspace,
            workers,
            file_bytes_max=file_bytes_max,
            look_for_secrets=look_for_secrets,
        )
        self._overlay = tables
        self._find_differing = find_differing
        self._find_base_paths = find_base_paths
        self._keep_base = keep_base
        self._differing: frozenset[str] = frozenset()
        self._base_paths: frozenset[str] | None = None

    async def sync(self, report: Report = ignore_progress) -> IndexReport:
        """Compares with the commit and reads what differs. Raises MemoryUnavailable."""
        try:
            self._differing = await self._find_differing()
        except ConfigurationError as error:
            raise MemoryUnavailable(str(error)) from error
        rules_differ = any(map(is_rule_file, self._differing))
        self._base_paths = await self._find_base_paths() if rules_differ else None
        done = await super().sync(report)
        await self._keep_base(self.secrets)
        return done

    async def update(self, paths: Iterable[Path], report: Report = ignore_progress) -> IndexReport:
        """Reads files that may have changed; of what went, or folders, git is asked.

        Raises MemoryUnavailable.
        """
        named = list(paths)
        are_files = await asyncio.to_thread(lambda: all(map(_is_file, named)))
        return await (super().update(named, report) if are_files else self.sync(report))

    def _scan(self) -> dict[str, str]:
        """Returns the stamps of the files that differ and count. Blocking."""
        named = {path for path in self._differing if not path.endswith("/")}
        folders = self._differing - named
        found = self._stamps((*named, *self._within(folders)))
        if self._base_paths is not None:
            # Other rules: files that are as they were may count no more, or now.
            everything = super()._scan()
            fresh = everything.keys() - self._base_paths
            found = {path: everything[path] for path in everything if path in found.keys() | fresh}
            named |= self._base_paths - everything.keys()
        self._overlay.gone = frozenset(named - found.keys())
        return found

    def _within(self, folders: Iterable[str]) -> Iterator[str]:
        for folder in folders:
            yield from self._ignore.walk(self._workspace.root / folder)

    def _stamps(self, paths: Iterable[str]) -> dict[str, str]:
        root = self._workspace.root
        found: dict[str, str] = {}
        for path in filter(can_be_named, paths):
            with suppress(OSError):
                state = (root / path).lstat()
                if S_ISREG(state.st_mode) and not self._ignore.matches(root / path):
                    found[path] = stamp_of(state, self.secrets)
        return found


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
