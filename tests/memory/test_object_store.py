"""Memory in an object store: an S3-compatible server on loopback, reached as its users reach theirs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lsp_server.assemble.memory import open_memory
from lsp_server.assemble.team_base import build_base
from lsp_server.domain.memories import CodeChunk, Query
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.memory.memory import Memory
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.paths import Workspace
from tests.data.misfortunes import s3_environment
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.memory.conftest import Opener
from tests.memory.expected import fresh, missing_vectors, stored
from tests.memory.test_memory import action

SECONDS_MAX = 90.0
URI = "s3://memories/team"
AUTHORIZED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=reader/20260101/us-east-1/s3/aws4_request"
}


@pytest.fixture
def store() -> Iterator[str]:
    """The address of an empty store with one bucket."""
    command = (sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            line = next(line for line in server.stderr if "Running on" in line)
            endpoint = line.split()[-1]
            drained = subprocess.Popen(("cat",), stdin=server.stderr, stdout=subprocess.DEVNULL)
            httpx.put(f"{endpoint}/memories", headers=AUTHORIZED).raise_for_status()
            with s3_environment(endpoint):
                yield endpoint
        finally:
            server.kill()
    drained.wait()


async def test_a_memory_in_an_object_store_is_as_good_as_any(
    opened: Opener, store: str, tmp_path: Path, root: Path
) -> None:
    lay_out(
        root,
        {
            "src/pelican.py": "def feed_pelican(fish):\n    return fish\n",
            "src/heron.py": "def call_heron():\n    return 'heron'\n",
        },
    )
    async with opened(uri=URI) as memory, asyncio.timeout(SECONDS_MAX):
        await memory.code.index()
        memory.records.add(action("a", "feed the pelican"))
        await memory.records.remember("Pelicans are fed at noon", "person")
        await memory.settle()
        status = memory.status()
        assert (status.writes, status.bytes_on_disk, status.problems) == (True, None, ())
        assert await stored(memory) == fresh(root)
        assert await missing_vectors(memory) == set()
        async with opened(uri=URI) as second:
            assert not second.status().writes
            code, act, fact = await second.reader.search(Query("pelican", limit=1))
            assert isinstance(code.found, CodeChunk)
            assert code.found.path == "src/pelican.py"
            assert (act.found.id, fact.found.id) == (
                "a",
                (await memory.reader.trusted_facts())[0].id,
            )
            second.records.add(action("b", "call the heron"))
        await memory.records.remember(
            "Herons answer", "person"
        )  # The process that writes empties the queue.
        assert await memory.reader.search(Query("heron", kinds=("action",)))
        (root / "src/heron.py").write_text("def call_stork(): ...\n", "utf-8")
        memory.code.files_changed([root / "src/heron.py"])
        await memory.settle()
        assert await stored(memory) == fresh(root)
        assert await memory.records.forget(ForgetRequest(id="a")) == 1
    assert not list((tmp_path / "memory").rglob("*.lance"))
    async with opened(uri=URI) as memory, asyncio.timeout(SECONDS_MAX):
        assert (await memory.code.index()).chunks == 0
        assert [hit.found.id for hit in await memory.reader.search(Query("feed call", kinds=("action",)))] == ["b"]  # fmt: skip
    keys = (await asyncio.to_thread(httpx.get, f"{store}/memories", headers=AUTHORIZED)).text
    assert "team/" in keys


async def test_a_team_shares_a_base_in_it(store: str, tmp_path: Path, root: Path) -> None:
    """Credentials are in the environment alone: nothing says them, not even when they are wrong."""
    lay_out(root, {"pelican.py": "def feed_pelican(fish): ...\n", "heron.py": "def heron(): ...\n"})
    committed(root)
    wanted = MemorySettings.model_validate({"embedder": "hashing", "base_uri": URI})

    async def opened_over(folder: str) -> Memory:
        return await open_memory(
            tmp_path / folder,
            Workspace(root),
            Secrets,
            wanted,
            commands=HostCommandRunner(),
            start_process=start_unconfined,
        )

    async with asyncio.timeout(SECONDS_MAX):
        built = await build_base(
            Workspace(root),
            Secrets,
            HostCommandRunner(),
            start_unconfined,
            wanted,
            URI,
            full=False,
            progress=lambda *_: None,
        )
        assert (built.files, built.embedded) == (2, 2)
        (root / "heron.py").write_text("def heron_that_flies(): ...\n")
        memory = await opened_over("memory")
        try:
            await memory.code.index()
            hits = await memory.reader.search(Query("feed pelican heron flies", ("code",)))
            found = {hit.found.text for hit in hits if isinstance(hit.found, CodeChunk)}
            assert found == {text for _, _, text in fresh(root).values()}
            assert memory.status().files == 1
        finally:
            await memory.close()
    nowhere = "http://127.0.0.1:1"
    with s3_environment(nowhere), pytest.MonkeyPatch.context() as patch:
        patch.setattr("lsp_server.assemble.team_base.OPEN_BESIDE_COPY_SECONDS_MAX", 1.0)
        memory = await opened_over("memory")
        try:
            (problem,) = memory.status().problems
            assert "a copy of the base is searched" in problem
            hits = await memory.reader.search(Query("feed pelican", ("code",), limit=1))
            assert isinstance(hits[0].found, CodeChunk)
            assert hits[0].found.path == "pelican.py"
            assert "reader" not in problem, "a credential is named"
        finally:
            await memory.close()
