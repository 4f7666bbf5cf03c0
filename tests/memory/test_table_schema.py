"""What is on disk can be read by later versions: names and types of columns are a promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.memories import ActionRecord, CodeChunk, Fact
from lsp_server.memory.actions import ACTIONS
from lsp_server.memory.chunk_schema import CHUNKS, FILES, IndexedFile, chunk_rows
from lsp_server.memory.database import Database
from lsp_server.memory.facts import FACTS
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table_schema import RecordSchema, arrow_schema

ON_DISK: list[tuple[RecordSchema[Any], int, str]] = [
    (
        FILES,
        1002,
        "path string, stamp string, hash string, language string, chunks int64, skipped string",
    ),
    (
        CHUNKS,
        1002,
        (
            "id string, path string, language string, kind string, symbol string, start_line int64, "
            "end_line int64, text string, defines string, words string, vector_key string, is_test bool"
        ),
    ),
    (
        ACTIONS,
        2,
        (
            "id string, run_id string, step int64, at string, tool string, title string, "
            "arguments string, result string, outcome string, files list<item: string>, "
            "reason string, seconds double, tree string, pinned bool, looked bool, words string, "
            "vector_key string"
        ),
    ),
    (
        FACTS,
        2,
        (
            "id string, text string, source string, status string, at string, checked_at string, "
            "evidence_id string, merged string, words string, vector_key string"
        ),
    ),
]
"""When a row here has to change, the table's version has to be raised with it."""

AT = "2026-01-01T00:00:00+00:00"
CHUNK = CodeChunk("c", "a.py", "python", "class", "A", 1, 3, "class A: ...", ("A", "f"))
ACTION = ActionRecord("a", "run", 2, AT, "edit", "edit a.py", "{}", "done", "ok", ("a.py",), "why", 0.5, "t", True)  # fmt: skip
FACT = Fact("f", "It works", "person", "claimed", AT, AT)
FILE = IndexedFile("a.py", "1:2:3:4", "h", "python", 1, "")


@pytest.mark.parametrize(("schema", "version", "columns"), ON_DISK, ids=lambda x: str(x)[:12])
def test_the_columns_on_disk_are_those_of_their_version(
    schema: RecordSchema[Any], version: int, columns: str
) -> None:
    made = arrow_schema(schema.table)
    assert schema.table.version == version
    assert ", ".join(f"{field.name} {field.type}" for field in made) == columns


@pytest.mark.parametrize(
    ("schema", "record"),
    [(CHUNKS, CHUNK), (ACTIONS, ACTION), (FACTS, FACT), (FILES, FILE)],
    ids=lambda x: type(x).__name__,
)
def test_a_record_comes_back_from_its_row(schema: RecordSchema[Any], record: Any) -> None:
    assert schema.record(schema.row(record, words="")) == record
    assert set(schema.columns) <= set(schema.table.columns)


async def test_a_table_with_its_columns_in_another_order_is_read_and_written(
    tmp_path: Path,
) -> None:
    """Tables keep the order that they were made with."""
    place = StoragePlace(str(tmp_path / "tables"))
    columns = CHUNKS.table.columns
    order = ["id", "defines", *(name for name in columns if name not in ("id", "defines"))]
    older = replace(CHUNKS.table, columns={name: columns[name] for name in order})
    database = await Database.open(place, writes=True)
    await (await database.table(older, writes=True)).put(chunk_rows("a.py", [CHUNK]))
    database.close()
    database = await Database.open(place, writes=True)
    table = await database.table(CHUNKS.table, writes=True)
    other = replace(CHUNK, id="d", defines=())
    await table.put(chunk_rows("a.py", [other]))
    rows = await table.rows(CHUNKS.columns)
    assert sorted((CHUNKS.record(row) for row in rows), key=lambda one: one.id) == [CHUNK, other]
    assert not database.problems


async def test_facts_of_before_they_were_merged_are_read_and_written(tmp_path: Path) -> None:
    place = StoragePlace(str(tmp_path / "tables"))
    columns = {name: kind for name, kind in FACTS.table.columns.items() if name != "merged"}
    older = replace(FACTS.table, version=1, columns=columns)
    row = FACTS.row(FACT, words="it works", vector_key="k")
    database = await Database.open(place, writes=True)
    before = {name: value for name, value in row.items() if name != "merged"}
    await (await database.table(older, writes=True)).put([before])
    database.close()
    database = await Database.open(place, writes=True)
    table = await database.table(FACTS.table, writes=True)
    other = replace(FACT, id="g", merged=("f", "runs: a"))
    await table.put([FACTS.row(other, words="it works", vector_key="k")])
    rows = await table.rows(FACTS.columns)
    assert sorted((FACTS.record(row) for row in rows), key=lambda one: one.id) == [FACT, other]
    assert not database.problems
