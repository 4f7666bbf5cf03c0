"""Buffers that are not saved: in a search, their text counts and not what is stored.

Most of a buffer is as it was saved, and its chunks are found as they are
stored. Only those that were changed have to be placed among the others by
hand, since the database has no score for them.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import ReadRequest, digest
from lsp_server.memory.table_schema import Row
from lsp_server.redaction.secrets import Secrets
from lsp_server.text.bm25 import bm25_scores, stems
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace

BUFFERS_MAX = 64
"""Kept cut into chunks."""
ALL_SAVED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class UnsavedOverlay:
    """Rows of chunks, by id, that stand in for all that is stored of `paths`."""

    paths: frozenset[str] = frozenset()
    rows: Mapping[str, Row] = field(default_factory=dict)

    def below(self, path: str | None) -> UnsavedOverlay:
        """The part that a query for a file or folder wants."""
        folder = (path or "").strip("/")
        if folder in ("", "."):
            return self
        rows = {
            key: row
            for key, row in self.rows.items()
            if row["path"] == folder or row["path"].startswith(f"{folder}/")
        }
        return UnsavedOverlay(self.paths, rows)

    def over(self, stored: Iterable[Row]) -> list[Row]:
        """The stored rows that still hold, at the lines where they stand now."""
        kept = ((row, self.rows.get(row["id"])) for row in stored)
        return [now or row for row, now in kept if now or row.get("path") not in self.paths]

    def matching(self, question: str, stored: Sequence[Row]) -> list[Row]:
        """The ranking by words with the changed chunks in their places; rows need `words`."""
        held = self.over(stored)
        fresh = [row for row in self.rows.values() if not any(row is one for one in held)]
        scores = bm25_scores(stems(question), [row["words"] for row in (*held, *fresh)])
        of_held, of_fresh = scores[: len(held)], scores[len(held) :]
        placed = [(float(place), row) for place, row in enumerate(held)]
        for score, row in sorted(zip(of_fresh, fresh, strict=True), key=lambda pair: -pair[0]):
            if score > 0.0:
                better = sum(one > score for one in of_held)
                placed.append((better - 0.5, row))
        placed.sort(key=lambda pair: pair[0])
        return [row for _, row in placed]


NO_OVERLAY = UnsavedOverlay()


class UnsavedChunks:
    """Cuts buffers into chunks, each text once."""

    def __init__(
        self,
        workspace: Workspace,
        readers: ParseWorkers,
        *,
        file_bytes_max: int,
        secrets: Callable[[], Secrets],
    ) -> None:
        self._workspace = workspace
        self._ignore = Ignore(workspace)
        self._readers = readers
        self._file_bytes_max = file_bytes_max
        self._secrets = secrets
        self._cut: OrderedDict[tuple[str, str], tuple[Row, ...]] = OrderedDict()

    async def overlay(self, buffers: Mapping[str, str]) -> UnsavedOverlay:
        """What a search lays over the stored rows. Raises MemoryUnavailable."""
        if not buffers:
            return NO_OVERLAY
        keys = {path: (path, digest(text)) for path, text in buffers.items()}
        missing = {path: buffers[path] for path, key in keys.items() if key not in self._cut}
        rows = {key: self._cut[key] for key in keys.values() if key in self._cut}
        if missing:
            rows |= {
                (path, keys[path][1]): cut for path, cut in (await self._read(missing)).items()
            }
        for key, cut in rows.items():
            self._cut[key] = cut
            self._cut.move_to_end(key)
        while len(self._cut) > BUFFERS_MAX:
            self._cut.popitem(last=False)
        found = {row["id"]: row for cut in rows.values() for row in cut}
        return UnsavedOverlay(frozenset(buffers), found)

    def row(self, chunk_id: str) -> Row | None:
        """A chunk of a buffer that was searched lately."""
        cut = (row for rows in self._cut.values() for row in rows)
        return next((row for row in cut if row["id"] == chunk_id), None)

    async def _read(self, buffers: Mapping[str, str]) -> dict[str, tuple[Row, ...]]:
        """The chunks of each; none of those that do not count."""
        counting = await asyncio.to_thread(self._counting, tuple(buffers))
        texts = {path: buffers[path] for path in counting}
        root = str(self._workspace.root)
        wanted = ReadRequest(root, counting, {}, self._file_bytes_max, texts, self._secrets())
        reads = await self._readers.read_all(wanted) if counting else []
        return dict.fromkeys(buffers, ()) | {read.path: read.rows or () for read in reads}

    def _counting(self, paths: Sequence[str]) -> tuple[str, ...]:
        root = self._workspace.root
        return tuple(
            path for path in paths if not self._ignore.matches(Path(os.path.normpath(root / path)))
        )
