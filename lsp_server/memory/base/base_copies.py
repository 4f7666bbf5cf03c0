"""`BaseCopies` keep on this disk what a base has of one repository: its store may be far, or gone.

A copy is a base itself, of one build and one repository, and is read as any other. It is written
beside and gets its name when it is whole, with the digests of its files: one that was cut short or
damaged is never read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.base.base_reader import Base
from lsp_server.memory.base.base_schema import (
    BASE_CHUNKS,
    BASE_FILES,
    BUILDS,
    BaseBuild,
    vectors_schema,
)
from lsp_server.memory.database import Database
from lsp_server.memory.digest import digest
from lsp_server.memory.sql import equals
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.redaction.secrets import Secrets
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private

PIECE_BYTES = 2_700
"""What a piece takes with its vector and its indexes (`benchmarks/team_memory_sizes.py`: 2,655)."""
COPY_SECONDS_MAX = 300.0
KEPT = 2
"""Another process of this workspace may read the copy of before."""
DIGESTS = "digests.json"
UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class BaseCopies:
    """`BaseCopies` are those in `folder` of one repository of the base at `uri`.

    `fingerprint` is that of the embedder. Nothing is copied that would take more than `bytes_max`.
    """

    folder: Path
    uri: str
    repository: str
    fingerprint: str
    bytes_max: int

    async def newest(self) -> Base | None:
        """Returns the last copy that is whole, None where there is none."""
        for place in await asyncio.to_thread(self._places):
            if (found := await self._open(place)) is not None:
                return found
        return None

    async def keep(self, base: Base, secrets: Secrets) -> None:
        """Copies what the base has of the repository, without pieces that hold one of the secrets.

        Does nothing where that is too large. Raises MemoryUnavailable, OSError, and TimeoutError
        after COPY_SECONDS_MAX.
        """
        if base.build.chunks * PIECE_BYTES > self.bytes_max:
            return
        unfinished = self.folder / UNFINISHED
        await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
        await asyncio.to_thread(make_private, unfinished)
        async with asyncio.timeout(COPY_SECONDS_MAX):
            await _write(base, unfinished, secrets)
        await asyncio.to_thread(self._publish, unfinished, self._place(base.build))

    async def _open(self, place: Path) -> Base | None:
        if not await asyncio.to_thread(_is_whole, place):
            return None
        with suppress(MemoryUnavailable):
            return await Base.open(place.as_uri(), self.repository, self.fingerprint)
        return None

    def _publish(self, unfinished: Path, place: Path) -> None:
        replace_file(unfinished / DIGESTS, json.dumps(_digests(unfinished)).encode(), private=True)
        shutil.rmtree(place, ignore_errors=True)
        unfinished.rename(place)
        for old in self._places()[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def _places(self) -> list[Path]:
        """Returns the folders of all copies, the newest build first. Blocking."""
        return sorted(self.folder.glob(f"{self._name}-*"), reverse=True)

    def _place(self, build: BaseBuild) -> Path:
        # A base that is built anew from nothing counts from one again.
        at = datetime.fromisoformat(build.built_at)
        return self.folder / f"{self._name}-{at:%Y%m%d%H%M%S}-{build.number}"

    @property
    def _name(self) -> str:
        return digest(self.uri, self.repository, self.fingerprint, BASE_CHUNKS.name)[:16]


async def _write(base: Base, place: Path, secrets: Secrets) -> None:
    """Writes a base of the repository alone."""
    build, read = base.build, base.tables
    dimension = await read.vectors.dimension()
    own = equals("repository", build.repository)
    database = await Database.open(StoragePlace(str(place)), writes=True)
    try:
        versions: list[int] = []
        for table, schema in (
            (read.chunks, BASE_CHUNKS),
            (read.files, BASE_FILES.table),
            (read.vectors, vectors_schema(build.embedder, dimension)),
        ):
            written = await database.table(schema, writes=True)
            async with aclosing(table.parts(own)) as parts:
                async for part in parts:
                    await written.add(await asyncio.to_thread(_without, secrets, part))
            await written.upkeep.optimize()
            versions.append(await written.version())
        chunks, files, vectors = versions
        copied = replace(build, chunks_version=chunks, files_version=files, vectors_version=vectors)
        builds = await database.table(BUILDS.table, writes=True)
        await builds.add([BUILDS.row(copied)])
    finally:
        database.close()


def _without(secrets: Secrets, rows: Any) -> Any:
    """Returns the rows of an Arrow table whose text has none of the secrets. Blocking."""
    if "text" not in rows.column_names:
        return rows
    return rows.filter([not secrets.within(text) for text in rows["text"].to_pylist()])


def _digests(place: Path) -> dict[str, str]:
    """Returns the digest of each file, by its path. Blocking."""
    found: dict[str, str] = {}
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.name != DIGESTS:
            with path.open("rb") as file:
                found[path.relative_to(place).as_posix()] = hashlib.file_digest(
                    file, "sha256"
                ).hexdigest()
    return found


def _is_whole(place: Path) -> bool:
    """Says whether all files of a copy are as they were written. Blocking."""
    try:
        noted = json.loads((place / DIGESTS).read_bytes())
        return bool(noted == _digests(place))
    except (OSError, ValueError):
        return False
