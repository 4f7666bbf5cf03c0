from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.base.unit_vectors import unit_vector
from lsp_server.memory.database import Database
from lsp_server.memory.sql import equals, is_one_of
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table_schema import Row, TableSchema, VectorIndex
from lsp_server.memory.table_upkeep import VECTOR_INDEX_ROWS_MIN

NOTES = TableSchema(
    "notes",
    2,
    {"id": "text", "words": "text", "count": "count"},
    {"id": "btree", "words": "words"},
    derived=False,
)


def note(key: str, words: str = "some words", count: int = 1) -> dict[str, object]:
    return {"id": key, "words": words, "count": count}


@pytest.fixture
def place(tmp_path: Path) -> StoragePlace:
    return StoragePlace(str(tmp_path / "tables"))


async def test_putting_replaces_by_key_and_clears_its_scope(place: StoragePlace) -> None:
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    await table.put([note("a"), note("b"), note("o'clock", count=3)])
    await table.put([note("a", count=2), note("c", count=2)], scope="count < 3")
    rows = {row["id"]: row["count"] for row in await table.rows(["id", "count"])}
    assert rows == {"a": 2, "c": 2, "o'clock": 3}
    assert await table.delete(is_one_of("id", ["o'clock", "nobody"])) == 1
    await table.put([], scope=equals("id", "a"))
    assert await table.count() == 1


async def test_words_are_found_before_and_after_optimizing(place: StoragePlace) -> None:
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    await table.put([note(str(i), f"word{i} files") for i in range(50)])
    for _ in range(2):
        (hit,) = await table.search_words("word7", ["id"], None, 5)
        assert hit["id"] == "7"
        # Stems are compared, and words that say nothing are not.
        assert len(await table.search_words("file", ["id"], None, 100)) == 50
        assert await table.search_words("the of", ["id"], None, 5) == []
        assert await table.search_words("  ", ["id"], None, 5) == []
        await table.upkeep.optimize()


async def test_optimizing_is_due_after_many_commits_and_ends_that(place: StoragePlace) -> None:
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    for i in range(32):
        assert not table.upkeep.is_due(quiet=True)
        await table.put([note(str(i))])
    assert table.upkeep.is_due(quiet=True)
    assert not table.upkeep.is_due(quiet=False)
    await table.upkeep.optimize()
    assert not table.upkeep.is_due(quiet=True)


async def test_a_purge_leaves_no_byte_of_what_was_deleted(place: StoragePlace) -> None:
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    await table.put([note("a", "unmistakable"), note("b")])
    await table.upkeep.optimize()
    await table.delete("id = 'a'")
    await table.upkeep.purge()
    assert not [
        p for p in Path(place.uri).rglob("*") if p.is_file() and b"unmistak" in p.read_bytes()
    ]


async def test_a_newer_version_is_refused_and_left_alone(place: StoragePlace) -> None:
    table = await (await Database.open(place, writes=True)).table(
        replace(NOTES, version=3), writes=True
    )
    await table.put([note("a")])
    with pytest.raises(
        MemoryUnavailable, match=r"newer Holdfast .*version 3.*knows 2.*memory\.uri"
    ):
        await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    kept = await (await Database.open(place, writes=True)).table(
        replace(NOTES, version=3), writes=True
    )
    assert await kept.count() == 1


async def test_an_older_version_gets_the_new_columns(place: StoragePlace) -> None:
    columns = {"id": NOTES.columns["id"], "words": NOTES.columns["words"]}
    older = replace(NOTES, version=1, columns=columns)
    table = await (await Database.open(place, writes=True)).table(older, writes=True)
    await table.put([{"id": "a", "words": "kept"}])
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    await table.put([note("b", count=5)])
    rows = sorted(await table.rows(["id", "words", "count"]), key=lambda row: str(row["id"]))
    assert rows == [note("a", "kept", 0), note("b", count=5)]
    assert await table.upkeep.version() == 2


async def test_an_older_version_of_derived_rows_is_made_anew(place: StoragePlace) -> None:
    derived = replace(NOTES, derived=True)
    table = await (await Database.open(place, writes=True)).table(
        replace(derived, version=1), writes=True
    )
    await table.put([note("a")])
    table = await (await Database.open(place, writes=True)).table(derived, writes=True)
    assert await table.count() == 0


@pytest.mark.parametrize("damage", ["_versions", "data"])
async def test_a_damaged_table_is_put_aside_and_made_anew(place: StoragePlace, damage: str) -> None:
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    await table.put([note("a")])
    for file in (Path(place.uri) / "notes.lance" / damage).iterdir():
        file.write_bytes(b"rubbish")
    database = await Database.open(place, writes=True)
    table = await database.table(NOTES, writes=True)
    assert await table.count() == 0
    await table.put([note("b")])
    assert "notes" in database.problems[0]
    assert (Path(place.uri) / "notes.broken").is_dir()


async def test_a_reader_makes_nothing(place: StoragePlace) -> None:
    with pytest.raises(MemoryUnavailable, match="another process"):
        await (await Database.open(place, writes=True)).table(NOTES, writes=False)


async def test_what_goes_wrong_later_is_memory_unavailable(place: StoragePlace) -> None:
    table = await (await Database.open(place, writes=True)).table(NOTES, writes=True)
    await table.put([note("a")])
    shutil.rmtree(place.uri)
    with pytest.raises(MemoryUnavailable, match="notes"):
        await table.rows(["words"])


@pytest.mark.parametrize("index", [VectorIndex(), VectorIndex("l2", 4, refine=0)])
async def test_nearness_is_a_cosine_with_an_index_without_one_and_with_rows_beside_it(
    place: StoragePlace, index: VectorIndex
) -> None:
    draw, dimension = random.Random(1), 32
    schema = TableSchema(
        "vectors",
        1,
        {"key": "text", "vector": "vector"},
        dimension=dimension,
        vector_index=index,
    )
    vectors = {
        str(n): unit_vector([draw.gauss(0.0, 1.0) for _ in range(dimension)])
        for n in range(VECTOR_INDEX_ROWS_MIN + 100)
    }
    rows: list[Row] = [{"key": key, "vector": vector} for key, vector in vectors.items()]
    asked = vectors["7"]
    table = await (await Database.open(place, writes=True)).table(schema, writes=True)
    for added in (rows[:-100], rows[-100:], []):
        # At first there is no index, then 100 rows are not in it, and at last all are.
        await table.add(added)
        near = await table.search_vectors(asked, 50)
        assert next(iter(near)) == "7"
        for key, cosine in near.items():
            true = sum(a * b for a, b in zip(asked, vectors[key], strict=True))
            assert cosine == pytest.approx(true, abs=0.1)
        await table.upkeep.optimize()
