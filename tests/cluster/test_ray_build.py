"""A base that a cluster of three nodes built is row for row the one of a single machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.base.base_schema import BASE_CHUNKS, BASE_FILES, vectors_schema
from lsp_server.memory.database import Database
from lsp_server.memory.storage_place import StoragePlace
from tests.harness.command_line import Ended, ended, started
from tests.harness.files import lay_out
from tests.harness.git import committed

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ON = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}
SECONDS_MAX = 300.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of three nodes."""
    command = (
        "nice",
        "-n",
        "10",
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "tests.harness.ray_nodes",
        "3",
    )
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as nodes:
        assert nodes.stdout is not None
        yield next(line.strip() for line in nodes.stdout if ":" in line)
        assert nodes.stdin is not None
        nodes.stdin.close()
        nodes.wait(60)


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
    cluster: str, listed: Path, project: Path, tmp_path: Path
) -> None:
    alone, spread, broken = (tmp_path / name for name in ("alone", "spread", "broken"))
    build = ("index", "--repositories", str(listed), "--base")
    done = await built(*build, alone.as_uri(), folder=project, **ON)
    assert done.status == 0, done.errors
    assert "50 were there" in done.output, "what both have is embedded once"
    expected = await rows_of(alone)

    over_ray = {**ON, "RAY_USAGE_STATS_ENABLED": "0"}
    async with asyncio.timeout(SECONDS_MAX):
        killing = asyncio.create_task(kill_one("ray::PartWorker"))
        done = await built(*build, spread.as_uri(), "--ray", cluster, folder=project, **over_ray)
        assert done.status == 0, done.errors
        assert await killing, "no worker was there to be killed"
    assert await rows_of(spread) == expected

    async with asyncio.timeout(SECONDS_MAX):
        cut = asyncio.create_task(
            kill_one(sys.executable, broken.as_uri(), broken / f"{BASE_CHUNKS.name}.lance" / "data")
        )
        cut_short = await built(
            *build, broken.as_uri(), "--ray", cluster, folder=project, **over_ray
        )
        assert await cut
        assert cut_short.status != 0
        done = await built(*build, broken.as_uri(), "--ray", cluster, folder=project, **over_ray)
        assert done.status == 0, done.errors
    assert await rows_of(broken) == expected


async def built(*arguments: str, folder: Path, **environment: str) -> Ended:
    """Runs a build to its end."""
    async with started(*arguments, folder=folder, **environment) as process:
        return await ended(process, SECONDS_MAX)


async def kill_one(beginning: str, word: str = "", once: Path | None = None) -> bool:
    """Kills the first process whose command line begins so and has the word, once a folder has a file."""
    while True:
        await asyncio.sleep(0.01)
        if once is not None and not (once.is_dir() and any(once.iterdir())):
            continue
        for line, pid in _command_lines():
            if line.startswith(beginning) and word in line:
                os.kill(pid, signal.SIGKILL)
                return True


def _command_lines() -> Iterator[tuple[str, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                yield words.decode(errors="replace"), int(folder.name)
