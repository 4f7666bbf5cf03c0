"""A base that a cluster of three nodes built is row for row the one of a single machine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.base.base_schema import BASE_CHUNKS, BASE_FILES, vectors_schema
from lsp_server.memory.database import Database
from lsp_server.memory.storage_place import StoragePlace
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.ray_cluster import (
    SECONDS_MAX,
    RayNodes,
    has_files,
    holdfast_over_ray,
    kill_process,
)

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ON = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A file that names two clones, which share some code."""
    for name in ("rocket", "engine"):
        lay_out(
            tmp_path / name,
            {f"src/{name}_{n}.py": f"def {name}_{n}(x):\n    return x + {n}\n" for n in range(700)}
            | {f"vendor/shared_{n}.py": f"def shared_{n}(): ...\n" for n in range(50)},
        )
        committed(tmp_path / name)
    lay_out(tmp_path, {"clones.txt": "# all of them\nrocket\nengine\n"})
    return tmp_path / "clones.txt"


async def rows_of(place: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of a base, in the order of their keys."""
    embedder = HashingEmbedder()
    found = {}
    database = await Database.open(StoragePlace(place.as_uri()), writes=False)
    vectors = vectors_schema(embedder.fingerprint, embedder.dimension)
    for schema in (BASE_CHUNKS, BASE_FILES.table, vectors):
        table = await database.table(schema, writes=False)
        rows = await table.rows(list(schema.columns))
        found[schema.name] = sorted(rows, key=lambda row: str(row[schema.key]))
        keys = [row[schema.key] for row in rows]
        assert len(set(keys)) == len(keys), f"{schema.name} has a row twice"
    database.close()
    return found


async def test_rows_are_those_of_one_machine_also_after_a_killed_worker_and_a_killed_build(
    cluster: RayNodes, listed: Path, project: Path, tmp_path: Path
) -> None:
    alone, spread, broken = (tmp_path / name for name in ("alone", "spread", "broken"))
    build = ("index", "--repositories", str(listed), "--base")
    done = await holdfast_over_ray(*build, alone.as_uri(), folder=project, **ON)
    assert done.status == 0, done.errors
    assert "50 were there" in done.output, "what both have is embedded once"
    expected = await rows_of(alone)

    async with asyncio.timeout(SECONDS_MAX):
        killing = asyncio.create_task(cluster.kill_worker())
        done = await holdfast_over_ray(
            *build, spread.as_uri(), "--ray", cluster.address, folder=project, **ON
        )
        assert done.status == 0, done.errors
        await killing
    assert await rows_of(spread) == expected

    async with asyncio.timeout(SECONDS_MAX):
        cut = asyncio.create_task(kill_build(broken))
        ended = await holdfast_over_ray(
            *build, broken.as_uri(), "--ray", cluster.address, folder=project, **ON
        )
        await cut
        assert ended.status != 0
        done = await holdfast_over_ray(
            *build, broken.as_uri(), "--ray", cluster.address, folder=project, **ON
        )
        assert done.status == 0, done.errors
    assert await rows_of(broken) == expected


async def kill_build(place: Path) -> None:
    """Kills the build of a base once it has written some rows."""
    await has_files(place / f"{BASE_CHUNKS.name}.lance" / "data")
    await kill_process(lambda line: line.startswith(sys.executable) and place.as_uri() in line)
