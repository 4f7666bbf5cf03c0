"""A `RayFileReader` reads and cuts the files of repositories on the workers of a cluster.

Secrets are blacked out there: what is sent back is rows. Each worker opens the clone at the
path that the builder has, so that it lies on a disk that all machines share.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lsp_server import __version__
from lsp_server.cluster.ray_cluster import RayCluster
from lsp_server.memory.base.base_source import Reads, Wanted
from lsp_server.memory.parsing import FileRead
from lsp_server.redaction.secrets import Secrets
from lsp_server.workspace.git.git_tree import GitBlob

FILES_PER_PART = 500


@dataclass(frozen=True, slots=True)
class FilePart:
    """A `FilePart` is what one task reads: some files of a commit."""

    version: str
    root: Path
    repository: str
    commit: str
    blobs: Mapping[str, GitBlob]
    secrets: Secrets
    file_bytes_max: int


ReadPart: TypeAlias = Callable[[FilePart], Awaitable[list[FileRead]]]
"""Reads a part in the process of a worker. Raises ConfigurationError, MemoryUnavailable."""


class RayFileReader:
    """A `RayFileReader` reads files on a cluster, in parts of FILES_PER_PART, with `read_part`."""

    def __init__(self, cluster: RayCluster, read_part: ReadPart, *, file_bytes_max: int) -> None:
        self._cluster = cluster
        self._read_part = read_part
        self._file_bytes_max = file_bytes_max

    async def read(self, wanted: Wanted) -> Reads:
        """Yields the files, cut, in groups. Raises ConfigurationError, MemoryUnavailable."""
        sources = {source.repository: source for source, _ in wanted}
        async with aclosing(self._cluster.map(self._read_part, self._parts(wanted))) as answers:
            async for part, answer in answers:
                yield sources[part.repository], answer

    def _parts(self, wanted: Wanted) -> Iterator[FilePart]:
        for source, paths in wanted:
            for start in range(0, len(paths), FILES_PER_PART):
                part = paths[start : start + FILES_PER_PART]
                yield FilePart(
                    __version__,
                    source.tree.git.root,
                    source.repository,
                    source.commit,
                    {path: source.blobs[path] for path in part},
                    source.secrets,
                    self._file_bytes_max,
                )
