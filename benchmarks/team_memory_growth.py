"""A base that grows by copies of what is in it, as real sources and vectors of so many take an hour.

    grow(uri, 200_000)

Each copy has the rows under other names of repositories, as forks of them would. What it adds
becomes visible with the next build.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lancedb
import pyarrow as pa  # type: ignore[import-untyped]

from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.base.base_schema import BASE_CHUNKS, BASE_FILES, row_key, vectors_schema

VECTORS = vectors_schema(HashingEmbedder.fingerprint, HashingEmbedder.dimension)
KEYS = {
    BASE_CHUNKS.name: ("key", "id"),
    BASE_FILES.table.name: ("key", "path"),
    VECTORS.name: ("id", "key"),
}
"""For each table the column of its keys, and the one that these are made of with the repository."""


def grow(uri: str, pieces: int) -> int:
    """Copies all rows of a base until it has so many pieces; returns how many it then has."""
    database = lancedb.connect(uri)
    there = database.open_table(BASE_CHUNKS.name).count_rows()
    copies = max(0, -(-pieces // there) - 1)
    for name, (key, of) in KEYS.items():
        table = database.open_table(name)
        rows = table.to_arrow()
        for copied in _copies(rows, key, of, copies):
            table.add(copied)
    return there * (copies + 1)


def _copies(rows: Any, key: str, of: str, copies: int) -> Iterator[Any]:
    names, parts = rows["repository"].to_pylist(), rows[of].to_pylist()
    for number in range(1, copies + 1):
        forks = [f"{name}~{number}" for name in names]
        keys = [row_key(fork, part) for fork, part in zip(forks, parts, strict=True)]
        copied = rows
        for column, values in (("repository", forks), (key, keys)):
            at = copied.schema.get_field_index(column)
            field = copied.schema.field(at)
            copied = copied.set_column(at, field, pa.array(values, field.type))
        yield copied
