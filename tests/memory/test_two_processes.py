"""Two processes with one workspace under load: nothing twice, nothing lost, also when one is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from lsp_server.domain.memories import Query
from tests.memory.conftest import Opener
from tests.memory.expected import fresh, missing_vectors, stored

FILES = 80
TURNS = 40
SECONDS_MAX = 90.0

WORKER = """
import asyncio, sys
from pathlib import Path
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import ActionRecord, Query
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.memory import Memory
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from lsp_server.sandbox.unconfined import start_unconfined

AT = "2026-01-01T00:00:00+00:00"

async def main():
    folder, root = map(Path, sys.argv[1:3])
    name, turns = sys.argv[3], int(sys.argv[4])
    memory = await Memory.open(folder, Workspace(root), HashingEmbedder(), MemorySettings(), start_process=start_unconfined)
    print("writes", memory.status().writes, flush=True)
    for turn in range(turns):
        memory.records.add(ActionRecord(f"{name}{turn}", name, turn, AT, "shell", f"step {turn}"))
        memory.records.add(ActionRecord("both", "both", 1, AT, "shell", f"shared {name} {turn}"))
        try:
            await memory.records.remember(f"Fact {turn} of {name}", "agent")
            print("kept", turn, flush=True)
            file = root / f"f{turn}.py"
            file.write_text(f"def f{turn}_of_{name}():\\n    return {turn}\\n", "utf-8")
            memory.code.files_changed([file])
            if turn % 8 == 0:
                await memory.code.index()
            await memory.reader.search(Query(f"step {turn}"))
        except MemoryUnavailable as error:
            print("unavailable", error, flush=True)
    await memory.close()

asyncio.run(main())
"""


async def worker(folder: Path, root: Path, name: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        str(folder),
        str(root),
        name,
        str(TURNS),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


async def lines_until(process: asyncio.subprocess.Process, last: str) -> list[str]:
    """What it said up to a line, or all of it."""
    assert process.stdout is not None
    said: list[str] = []
    while line := (await process.stdout.readline()).decode().strip():
        said.append(line)
        if line == last:
            break
    return said


@pytest.mark.slow
@pytest.mark.parametrize("killed", [None, "reader", "writer"])
async def test_two_processes_keep_all_of_both(
    opened: Opener, tmp_path: Path, root: Path, killed: str | None
) -> None:
    for i in range(FILES):
        (root / f"f{i}.py").write_text(f"def f{i}():\n    return {i}\n", "utf-8")
    folder = tmp_path / "memory"
    async with asyncio.timeout(SECONDS_MAX):
        first = await worker(folder, root, "a")
        assert await lines_until(first, "writes True") == ["writes True"]
        second = await worker(folder, root, "b")
        victim = {"writer": first, "reader": second}.get(killed or "")
        said: dict[str, list[str]] = {"a": [], "b": []}
        if victim is not None:
            name = "a" if victim is first else "b"
            said[name] = await lines_until(victim, "kept 15")
            victim.kill()
            said[name] += await lines_until(victim, "")
        for name, process in (("a", first), ("b", second)):
            if process is not victim:
                said[name] += await lines_until(process, "")
                assert await process.wait() == 0
            else:
                await process.wait()
    async with opened() as memory, asyncio.timeout(SECONDS_MAX):
        await memory.code.index()
        await memory.settle()
        assert await stored(memory) == fresh(root)
        assert await missing_vectors(memory) == set()
        contents = await memory.reader.contents()
        actions = [action.id for action in contents.actions]
        facts = [fact.text for fact in contents.facts]
        assert len(actions) == len(set(actions))
        assert len(facts) == len(set(facts))
        for name, lines in said.items():
            kept = [line.split()[1] for line in lines if line.startswith("kept")]
            assert kept
            if killed is None:
                assert len(kept) == TURNS
            assert {f"Fact {turn} of {name}" for turn in kept} <= set(facts)
            assert {f"{name}{turn}" for turn in kept} <= set(actions)
        assert await memory.reader.search(Query("shared", kinds=("action",)))
