"""This module says how a base is stored.

The tables of contents are named by the form of their rows, and those of vectors by their
embedder, too: bases of several versions of Holdfast can lie in one store. The table of builds
never changes its form, so that each version can say what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lsp_server.memory.chunk_schema import CHUNKS, SCHEMA_VERSION
from lsp_server.memory.digest import digest
from lsp_server.memory.table_schema import ColumnType, TableSchema, VectorIndex, record_schema

FORMAT = SCHEMA_VERSION * 100 + 2
"""The form of rows. Raise its last two digits when the columns of a base change."""

ROW_COLUMNS: Mapping[str, ColumnType] = MappingProxyType(
    {"key": "text", "repository": "text", **CHUNKS.table.columns}
)

VECTOR_INDEX = VectorIndex("l2", bits=4, refine=0)
"""A vector that is read whole is a request to the store: 300 of them were four fifths of a search.
An index with four bits of each number finds 97 of the 100 nearest alone, where one with a bit and
such a look find 99 (`benchmarks/team_memory_vectors.py`, 7,000 vectors of the model that ships)."""


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A `BaseFile` is a file of a commit: `content` is git's id of it, `chunks` counts its rows.

    `skipped` says why it has none, empty when it was indexed.
    """

    key: str
    repository: str
    path: str
    content: str
    chunks: int
    skipped: str


@dataclass(frozen=True, slots=True)
class BaseBuild:
    """A `BaseBuild` says that a repository was put into the base at a commit.

    `number` counts builds; all repositories of a base are named with each. The versions are
    those of the tables, `built_at` is a time in UTC.
    """

    key: str
    number: int
    repository: str
    commit: str
    built_at: str
    format: int
    embedder: str
    chunks_version: int
    files_version: int
    vectors_version: int
    files: int
    chunks: int


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A `LeaseRow` says which process builds, and until when: a time in seconds since 1970."""

    key: str
    host: str
    pid: int
    token: str
    until: float


BASE_CHUNKS = TableSchema(
    f"chunks_{FORMAT}",
    FORMAT,
    ROW_COLUMNS,
    {
        "key": "btree",
        "id": "btree",
        "path": "btree",
        "repository": "bitmap",
        "vector_key": "btree",
        "words": "words",
    },
)
BASE_FILES = record_schema(
    f"files_{FORMAT}", FORMAT, BaseFile, indexes={"key": "btree", "repository": "bitmap"}
)
BUILDS = record_schema("builds", 1, BaseBuild)
LEASES = record_schema("lease", 1, LeaseRow)


def vectors_schema(fingerprint: str, dimension: int) -> TableSchema:
    """Returns the table of the vectors of one embedder, of which each repository has its own.

    The texts that several repositories have are embedded once, and their vectors stored for
    each: a search within one repository must not wade through those of all.
    """
    return TableSchema(
        f"vectors_{FORMAT}_{digest(fingerprint)[:8]}",
        FORMAT,
        {"id": "text", "repository": "text", "key": "text", "vector": "vector"},
        {"id": "btree", "key": "btree", "repository": "bitmap"},
        dimension=dimension,
        vector_index=VECTOR_INDEX,
    )


def row_key(repository: str, name: str) -> str:
    """Returns the key of what a repository has under this name."""
    return digest(repository, name)
