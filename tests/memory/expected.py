"""What the tables of code should hold, and what they do."""

from __future__ import annotations

from pathlib import Path

from lsp_server.memory.database import Database
from lsp_server.memory.memory import Memory
from lsp_server.memory.parsing import read_file
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

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
    chunks = (await memory.reader.contents()).chunks
    found = {chunk.id: (chunk.path, chunk.start_line, chunk.text) for chunk in chunks}
    assert len(found) == len(chunks), "an id is there twice"
    return found


def fresh_files(root: Path) -> dict[str, tuple[str, int, str]]:
    """Content hash, number of chunks and the reason to skip it, of each file."""
    reads = [read_file(root, path, "", FILE_BYTES_MAX) for path in Ignore(Workspace(root)).walk()]
    return {read.path: (read.hash, len(read.rows or ()), read.skipped) for read in reads}


async def stored_files(memory: Memory) -> dict[str, tuple[str, int, str]]:
    files = (await memory.reader.contents()).files
    found = {file.path: (file.hash, file.chunks, file.skipped) for file in files}
    assert len(found) == len(files), "a path is there twice"
    return found


async def missing_vectors(memory: Memory) -> frozenset[str]:
    """Keys of vectors that rows point to and that are not there."""
    return (await memory.reader.contents()).missing_vectors


async def database_of(folder: Path) -> Database:
    """The tables of a memory that is closed."""
    return await Database.open(StoragePlace(str(folder / "tables")), writes=True)
