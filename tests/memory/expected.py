"""What the tables of code should hold, and what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsp_server.memory.memory import Memory
from lsp_server.memory.parsing import read_file
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace

FILE_BYTES_MAX = 10**6


def fresh(root: Path) -> dict[str, tuple[str, int, str]]:
    """What an index made from nothing holds: path, line and text of each chunk by id."""
    rows = [
        row
        for path in Ignore(Workspace(root)).walk()
        for row in read_file(root, path, "", FILE_BYTES_MAX).rows or ()
    ]
    return {row["id"]: (row["path"], row["start_line"], row["text"]) for row in rows}


async def stored(memory: Memory) -> dict[str, tuple[str, int, str]]:
    rows = await memory._store.code.chunks.rows(["id", "path", "start_line", "text"])
    found = {row["id"]: (row["path"], row["start_line"], row["text"]) for row in rows}
    assert len(found) == len(rows), "an id stands twice"
    return found


def fresh_files(root: Path) -> dict[str, tuple[str, int, str]]:
    """Content hash, number of chunks and the reason to skip it, of each file."""
    reads = [read_file(root, path, "", FILE_BYTES_MAX) for path in Ignore(Workspace(root)).walk()]
    return {read.path: (read.hash, len(read.rows or ()), read.skipped) for read in reads}


async def stored_files(memory: Memory) -> dict[str, tuple[str, int, str]]:
    table = memory._store.code._table_of_files()
    rows: list[dict[str, Any]] = await table.rows(["path", "hash", "chunks", "skipped"])
    found = {row["path"]: (row["hash"], row["chunks"], row["skipped"]) for row in rows}
    assert len(found) == len(rows), "a path stands twice"
    return found


async def missing_vectors(memory: Memory) -> set[str]:
    """Keys of vectors that chunks point to and that are not there."""
    store = memory._store
    there = {row["key"] for row in await store.vectors._table.rows(["key"])} if store.vectors._table else set()  # fmt: skip
    return await store.code.used_keys() - there
