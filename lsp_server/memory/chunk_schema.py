"""This module says how chunks and indexed files are stored.

Processes beside the event loop make the rows of chunks (`parsing.py`), as cutting texts into
words takes time; so nothing here imports the database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.domain.memories import CodeChunk
from lsp_server.memory.chunking import CHUNKING_VERSION
from lsp_server.memory.digest import digest
from lsp_server.memory.table_schema import Row, record_schema
from lsp_server.text.tokenizer import tokenize

CODE_VERSION = 1
"""Raise it with every change of the columns."""
SCHEMA_VERSION = CODE_VERSION * 1_000 + CHUNKING_VERSION
TEST_PATH = re.compile(
    r"(^|/)(tests?|__tests__|spec|specs|testing|testdata|fixtures)/|(^|/)test_[^/]*$|(^|/)conftest\.py$"
    r"|[._-](test|spec)s?\.[^/.]+$|[a-z]Tests?\.[^/.]+$"
)


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file as it was read last.

    `stamp` is its status on disk then, empty when that cannot be trusted; `hash`
    identifies its content and the known secrets in it; `chunks` counts its rows;
    `skipped` says why it has none, empty when it was indexed.
    """

    path: str
    stamp: str
    hash: str
    language: str
    chunks: int
    skipped: str


FILES = record_schema("files", SCHEMA_VERSION, IndexedFile, indexes={"path": "btree"})
CHUNKS = record_schema(
    "chunks",
    SCHEMA_VERSION,
    CodeChunk,
    computed={"words": "text", "vector_key": "text", "is_test": "flag"},
    lines=("defines",),  # Older tables have it as text, and nobody filters by it.
    indexes={"id": "btree", "path": "btree", "vector_key": "btree", "words": "words"},
)


def chunk_rows(path: str, chunks: Sequence[CodeChunk]) -> tuple[Row, ...]:
    """The rows of the chunks of one file."""
    # A file is also found by its name, though vectors do without it.
    in_test, path_words = is_test(path), tokenize(path)
    return tuple(
        CHUNKS.row(
            chunk,
            words=f"{path_words} {tokenize(chunk.symbol)} {tokenize(chunk.text)}",
            vector_key=digest(embedded_text(chunk.symbol, chunk.text)),
            is_test=in_test,
        )
        for chunk in chunks
    )


def embedded_text(symbol: str, text: str) -> str:
    """The text of a chunk that is embedded; without its path, so that renames cost nothing."""
    return f"{symbol}\n{text}" if symbol else text


def is_test(path: str) -> bool:
    """True if a file belongs to tests, by its path.

    >>> is_test("tests/a.py"), is_test("src/a.spec.ts"), is_test("src/contest.py")
    (True, True, False)
    """
    return TEST_PATH.search(path) is not None
