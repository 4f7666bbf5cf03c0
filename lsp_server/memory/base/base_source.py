"""A `BaseSource` is a repository at a commit, from which a base is built."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from lsp_server.domain.memories import FACTS_FILE
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import FileRead, ReadRequest
from lsp_server.redaction.secrets import NO_SECRETS, Secrets
from lsp_server.sandbox.scratch_folder import make_scratch_folder
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_tree import GitBlob, GitTree
from lsp_server.workspace.git.ignore import Ignore, can_be_named
from lsp_server.workspace.git.rule_sources import is_rule_file

FILES_AT_ONCE = 5_000
"""So many files lie in the scratch folder at a time."""


@dataclass(frozen=True, slots=True)
class BaseSource:
    """A `BaseSource` names a repository and has its files' contents at `commit`.

    `secrets` get into no row.
    """

    repository: str
    commit: str
    tree: GitTree
    blobs: Mapping[str, GitBlob]
    secrets: Secrets = NO_SECRETS

    @classmethod
    async def of(
        cls, repository: str, tree: GitTree, commit: str, secrets: Secrets = NO_SECRETS
    ) -> BaseSource:
        """Reads what the commit has. Raises ConfigurationError."""
        blobs = await tree.files(commit)
        named = {path: blob for path, blob in blobs.items() if can_be_named(path)}
        return cls(repository, commit, tree, named, secrets)

    def content(self, path: str) -> str:
        """Returns the id of a file's content; empty where the commit has none."""
        blob = self.blobs.get(path)
        return blob.id if blob else ""

    def changed(self, known: Mapping[str, str]) -> list[str]:
        """Returns the paths whose contents are not the `known` ones, in order.

        They are all paths when rules that say which files count have changed.
        """
        rules = [path for path in self.blobs.keys() | known.keys() if is_rule_file(path)]
        if any(self.content(path) != known.get(path) for path in rules):
            return sorted(self.blobs)
        return sorted(path for path, blob in self.blobs.items() if known.get(path) != blob.id)

    async def counting(self, paths: Collection[str]) -> list[str]:
        """Returns those of the paths that count, by the rules of the commit.

        The file of facts does, which each workspace has from its checkout: it is for others. Raises ConfigurationError.
        """
        async with self._checked_out(path for path in self.blobs if is_rule_file(path)) as root:
            return await asyncio.to_thread(_counting, root, paths)

    async def read(
        self, paths: Iterable[str], workers: ParseWorkers, *, file_bytes_max: int
    ) -> AsyncGenerator[list[FileRead], None]:
        """Yields files of the commit, cut, in groups. Raises ConfigurationError, MemoryUnavailable."""
        ordered = sorted(paths)
        for start in range(0, len(ordered), FILES_AT_ONCE):
            part = ordered[start : start + FILES_AT_ONCE]
            async with self._checked_out(part) as root:
                request = ReadRequest(
                    str(root), tuple(part), {}, file_bytes_max, secrets=self.secrets
                )
                async with aclosing(workers.read(request)) as answers:
                    async for answer in answers:
                        yield answer

    @asynccontextmanager
    async def _checked_out(self, paths: Iterable[str]) -> AsyncIterator[Path]:
        """Writes files of the commit into a folder of their own, which goes with the block."""
        # What a killed build leaves is removed by the next one.
        made = await asyncio.to_thread(make_scratch_folder)
        try:
            wanted = {path: self.blobs[path] for path in paths}
            await self.tree.check_out(wanted, self.blobs, made.path)
            yield made.path
        finally:
            await asyncio.to_thread(made.remove)


Wanted: TypeAlias = Sequence[tuple[BaseSource, Sequence[str]]]
"""Sources, each with the paths of it that are to be read."""
Reads: TypeAlias = AsyncGenerator[tuple[BaseSource, list[FileRead]], None]
"""Groups of files that were read, with their source, in any order."""


class FileReader(Protocol):
    """A `FileReader` reads and cuts files of sources: on this machine or on many."""

    def read(self, wanted: Wanted) -> Reads:
        """Yields the files in groups, in any order. Raises ConfigurationError, MemoryUnavailable."""
        ...


class LocalFileReader:
    """A `LocalFileReader` reads files with the processes of this machine."""

    def __init__(self, workers: ParseWorkers, *, file_bytes_max: int) -> None:
        self._workers = workers
        self._file_bytes_max = file_bytes_max

    async def read(self, wanted: Wanted) -> Reads:
        """Yields the files in groups, source by source. Raises ConfigurationError, MemoryUnavailable."""
        for source, paths in wanted:
            reading = source.read(paths, self._workers, file_bytes_max=self._file_bytes_max)
            async with aclosing(reading) as answers:
                async for answer in answers:
                    yield source, answer


def _counting(root: Path, paths: Iterable[str]) -> list[str]:
    ignore = Ignore(Workspace(root))
    return [path for path in paths if path == FACTS_FILE or not ignore.matches(root / path)]
