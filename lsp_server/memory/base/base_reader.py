"""A `Base` reads one build of a base, at the versions that were published with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import EVERY_REPOSITORY
from lsp_server.memory.base.base_schema import (
    BASE_CHUNKS,
    BASE_FILES,
    BUILDS,
    FORMAT,
    BaseBuild,
    vectors_schema,
)
from lsp_server.memory.base.base_tables import PinnedTables
from lsp_server.memory.base.unit_vectors import unit_vector
from lsp_server.memory.database import Database
from lsp_server.memory.sql import all_of, equals
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table import ROW_ID
from lsp_server.memory.table_schema import Row
from lsp_server.text.count import count_of

BASE_SETTING = "memory.base_uri"
UNREAD: Mapping[str, object] = MappingProxyType(
    {"kind": "text", "symbol": "", "end_line": 0, "text": ""}
)
"""Columns of a chunk that no ranking compares, with what stands in for them until they are read."""


@dataclass(frozen=True, slots=True)
class Base:
    """A `Base` answers questions about one repository of a build, or about all of them.

    `build` is that of the repository, and `others` are those of all repositories, it
    included. With `alone` the others are not searched. Each method raises MemoryUnavailable.
    """

    uri: str
    build: BaseBuild
    others: tuple[BaseBuild, ...]
    tables: PinnedTables
    alone: bool = True

    @classmethod
    async def open(cls, uri: str, repository: str, fingerprint: str) -> Base:
        """Opens the newest build that this Holdfast and its embedder can read.

        Raises MemoryUnavailable, with the sentence that helps, when there is none or it has
        no such repository.
        """
        database = await Database.open(await _place_of(uri), writes=False)
        builds = readable_builds(uri, await read_builds(database), fingerprint)
        build = _of_repository(uri, builds, repository)
        schema = vectors_schema(fingerprint, 1)
        chunks, files, vectors = await asyncio.gather(
            database.pinned(BASE_CHUNKS, build.chunks_version),
            database.pinned(BASE_FILES.table, build.files_version),
            database.pinned(schema, build.vectors_version),
        )
        return cls(uri, build, tuple(builds), PinnedTables(chunks, files, vectors))

    def is_of(self, build: BaseBuild) -> bool:
        """Says whether it has what a build has, as a copy of it does."""
        own = self.build
        return (own.key, own.commit, own.built_at) == (build.key, build.commit, build.built_at)

    def of(self, repository: str) -> Base:
        """Returns the base with another repository, or with all. Raises MemoryUnavailable."""
        if repository == EVERY_REPOSITORY:
            return replace(self, alone=False)
        return replace(self, build=_of_repository(self.uri, self.others, repository))

    async def search_words(
        self, words: str, columns: Sequence[str], where: str | None, limit: int
    ) -> list[Row]:
        """Finds rows by full text search, best first; `whole` reads the rest of those that count."""
        thin, where = _thin(columns), self._scoped(where)
        rows = await self.tables.chunks.search_words(words, thin, where, limit)
        return [{**UNREAD, **row} for row in rows]

    async def rows(
        self, columns: Sequence[str], where: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Returns the rows that meet a condition, in no order; `whole` reads the rest of them."""
        rows = await self.tables.chunks.rows(_thin(columns), self._scoped(where), limit)
        return [{**UNREAD, **row} for row in rows]

    async def whole(self, rows: Sequence[Row]) -> list[Row]:
        """Returns rows that were found here, with what was left unread of them."""
        rest = await self.tables.chunks.take([row[ROW_ID] for row in rows], list(UNREAD))
        return [row | rest[row[ROW_ID]] for row in rows]

    async def nearest_to(self, vector: Sequence[float], limit: int) -> dict[str, float]:
        """Returns the cosines of the `limit` nearest vectors, by key, nearest first."""
        return await self.tables.vectors.search_vectors(
            unit_vector(vector), limit, self._scoped(None)
        )

    async def paths(self) -> frozenset[str]:
        """Returns the paths of all files of the repository."""
        own = equals("repository", self.build.repository)
        return frozenset(row["path"] for row in await self.tables.files.rows(["path"], own))

    def _scoped(self, where: str | None) -> str | None:
        if not self.alone or len(self.others) == 1:
            return where
        return all_of(equals("repository", self.build.repository), where)


async def read_builds(database: Database) -> list[BaseBuild]:
    """Returns all builds, the newest first; none where nothing was published yet."""
    if BUILDS.table.name not in await database.names():
        return []
    table = await database.table(BUILDS.table, writes=False)
    builds = [BUILDS.record(row) for row in await table.rows(BUILDS.columns)]
    return sorted(builds, key=lambda build: -build.number)


def readable_builds(uri: str, builds: Sequence[BaseBuild], fingerprint: str) -> Sequence[BaseBuild]:
    """Returns the repositories of the newest build that can be read here.

    Raises MemoryUnavailable, which says what is otherwise there.
    """
    if not builds:
        raise MemoryUnavailable(
            f"there is no base at {uri}; build one with `holdfast index --base {uri}`"
        )
    newest, again = builds[0], f"build it again with `holdfast index --base {uri}`"
    of_form = [build for build in builds if build.format == FORMAT]
    if not of_form:
        which = "an older" if newest.format < FORMAT else "a newer"
        helps = again if newest.format < FORMAT else "install that one"
        raise MemoryUnavailable(
            f"the base at {uri} was built by {which} Holdfast, which cuts code otherwise; {helps}"
        )
    usable = [build for build in of_form if build.embedder == fingerprint]
    if not usable:
        raise MemoryUnavailable(
            f"the base at {uri} has vectors of the embedder {of_form[0].embedder}, and here "
            f"memory.embedder is {fingerprint}; set the same one, or {again}"
        )
    return [build for build in usable if build.number == usable[0].number]


def age_text(build: BaseBuild, now: datetime) -> str:
    """Returns how long ago a base was built, in words.

    >>> from datetime import UTC
    >>> build = BaseBuild("", 1, "r", "c", "2026-01-01T10:00:00+00:00", 1, "e", 1, 1, 1, 1, 1)
    >>> age_text(build, datetime(2026, 1, 3, 9, tzinfo=UTC))
    '47 hours old'
    """
    seconds = (now - datetime.fromisoformat(build.built_at)).total_seconds()
    for unit, size, limit in (("minutes", 60, 120), ("hours", 3_600, 48)):
        if seconds < limit * size:
            return f"{max(0, int(seconds // size))} {unit} old"
    return f"{count_of(int(seconds // 86_400), 'day')} old"


def _thin(columns: Sequence[str]) -> list[str]:
    return [*(column for column in columns if column not in UNREAD), ROW_ID]


async def _place_of(uri: str) -> StoragePlace:
    """Returns the place of a base. Raises PlaceUnavailable when its folder is not there."""
    place = StoragePlace(uri, BASE_SETTING)
    folder = Path(uri.removeprefix("file://"))
    is_local = uri.startswith("file://") or place.folder is not None
    # Opening would make it, as where a disk is not mounted.
    if is_local and not await asyncio.to_thread(folder.is_dir):
        raise PlaceUnavailable(f"{folder} is not there; check {BASE_SETTING}, or mount its disk")
    return place


def _of_repository(uri: str, builds: Sequence[BaseBuild], repository: str) -> BaseBuild:
    for build in builds:
        if build.repository == repository:
            return build
    names = ", ".join(sorted(build.repository for build in builds)[:5])
    raise MemoryUnavailable(
        f"the base at {uri} has {names}, and not {repository}; add it with `holdfast index --base`"
    )
