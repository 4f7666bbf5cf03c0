"""This module makes a search see buffers that are not saved instead of what is stored.

Most of a buffer is as it was saved, and its chunks are found as they are stored.
Only chunks that were changed have to be placed among the others by hand, since
the database has no score for them.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.memory.digest import digest
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import ReadRequest
from lsp_server.memory.table_schema import Row
from lsp_server.redaction.secrets import Secrets
from lsp_server.text.bm25 import bm25_scores, stems
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

BUFFERS_MAX = 64
"""Buffers whose chunks are kept, the least recently searched going first."""

ALL_SAVED: Mapping[str, str] = MappingProxyType({})


Match: TypeAlias = tuple[Row, float]
"""A row that full text found, and its score."""


@dataclass(frozen=True, slots=True)
class UnsavedOverlay:
    """An `UnsavedOverlay` has rows of chunks, by id, that replace all that is stored of `paths`."""

    paths: frozenset[str] = frozenset()
    rows: Mapping[str, Row] = field(default_factory=dict)

    def within(self, path: str | None) -> UnsavedOverlay:
        """Returns the overlay for a file or folder alone; None is the whole workspace."""
        folder = (path or "").strip("/")
        if folder in ("", "."):
            return self
        rows = {
            key: row
            for key, row in self.rows.items()
            if row["path"] == folder or row["path"].startswith(f"{folder}/")
        }
        return UnsavedOverlay(self.paths, rows)

    def hide(self, stored: Iterable[Row]) -> list[Row]:
        """Returns the stored rows that the buffers still have, with the lines of the buffers."""
        current = ((row, self.rows.get(row["id"])) for row in stored)
        return [now or row for row, now in current if now or row.get("path") not in self.paths]

    def rank(self, question: str, stored: Sequence[Match]) -> list[Match]:
        """Returns the stored rows with the changed chunks in their places among them, best first.

        All rows need the column `words`.
        """
        scores = {row["id"]: score for row, score in stored}
        kept = self.hide(row for row, _ in stored)
        # By identity: `hide` returns the very rows of this overlay where a chunk is unchanged.
        changed = [row for row in self.rows.values() if not any(row is one for one in kept)]
        own = bm25_scores(stems(question), [row["words"] for row in (*kept, *changed)])
        own_of_kept, own_of_changed = own[: len(kept)], own[len(kept) :]
        matches = [(row, scores[row["id"]]) for row in kept]
        # Our scores and those of the database differ in scale: it knows all texts.
        scale = _ratio(sum(score for _, score in matches), sum(own_of_kept))
        matches += [
            (row, score * scale)
            for row, score in zip(changed, own_of_changed, strict=True)
            if score > 0.0
        ]
        return sorted(matches, key=lambda match: -match[1])


def _ratio(theirs: float, ours: float) -> float:
    return theirs / ours if theirs > 0.0 and ours > 0.0 else 1.0


NO_OVERLAY = UnsavedOverlay()


class UnsavedChunks:
    """Cuts buffers into chunks and keeps the last BUFFERS_MAX, so that each is cut once.

    `secrets` are those that get into no row.
    """

    def __init__(
        self,
        workspace: Workspace,
        workers: ParseWorkers,
        *,
        file_bytes_max: int,
        secrets: Callable[[], Secrets],
    ) -> None:
        self._workspace = workspace
        self._ignore = Ignore(workspace)
        self._workers = workers
        self._file_bytes_max = file_bytes_max
        self._secrets = secrets
        self._chunks: OrderedDict[tuple[str, str], tuple[Row, ...]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._chunks)

    async def overlay(self, buffers: Mapping[str, str]) -> UnsavedOverlay:
        """Returns the overlay for the texts of buffers by workspace-relative path.

        Raises MemoryUnavailable.
        """
        if not buffers:
            return NO_OVERLAY
        keys = {path: (path, digest(text)) for path, text in buffers.items()}
        missing = {path: buffers[path] for path, key in keys.items() if key not in self._chunks}
        rows = {key: self._chunks[key] for key in keys.values() if key in self._chunks}
        if missing:
            made = await self._read(missing)
            rows |= {(path, keys[path][1]): chunks for path, chunks in made.items()}
        for key, chunks in rows.items():
            self._chunks[key] = chunks
            self._chunks.move_to_end(key)
        while len(self._chunks) > BUFFERS_MAX:
            self._chunks.popitem(last=False)
        by_id = {row["id"]: row for chunks in rows.values() for row in chunks}
        return UnsavedOverlay(frozenset(buffers), by_id)

    def row(self, chunk_id: str) -> Row | None:
        """Returns a chunk of a buffer that was searched lately, None when there is none."""
        rows = (row for chunks in self._chunks.values() for row in chunks)
        return next((row for row in rows if row["id"] == chunk_id), None)

    async def _read(self, buffers: Mapping[str, str]) -> dict[str, tuple[Row, ...]]:
        """Returns the chunks of each buffer; an ignored one has none."""
        paths = await asyncio.to_thread(self._without_ignored, tuple(buffers))
        # Cut by the same processes, and refused for the same reasons, as files on disk.
        texts = {path: buffers[path] for path in paths}
        root = str(self._workspace.root)
        request = ReadRequest(root, paths, {}, self._file_bytes_max, texts, self._secrets())
        reads = await self._workers.read_all(request) if paths else []
        return dict.fromkeys(buffers, ()) | {read.path: read.rows or () for read in reads}

    def _without_ignored(self, paths: Sequence[str]) -> tuple[str, ...]:
        root = self._workspace.root
        return tuple(
            path for path in paths if not self._ignore.matches(Path(os.path.normpath(root / path)))
        )
