"""Whatever happens to the files, the tables end up as a fresh index would make them."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from lsp_server.memory.chunk_schema import CHUNKS, FILES
from lsp_server.memory.indexing import IndexProgress
from lsp_server.memory.memory import LOCK_FILE, Memory
from lsp_server.system.process_lock import ProcessLock
from tests.harness.expectation import until
from tests.memory.conftest import Opener
from tests.memory.expected import database_of, fresh, stored
from tests.sampling import sampled

NAMES = ("a.py", "b.py", "pkg/a.py", "pkg/deep/c.ts", "docs/d.md", "data/e.json", "pkg/f.txt")
SECONDS_MAX = 30.0


def source(chance: random.Random) -> str:
    names = chance.choices(["load", "save", "merge", "parse"], k=chance.randint(1, 4))
    body = "    value = compute(value)  # some work\n" * chance.choice([1, 3, 30])
    return "\n\n".join(f"def {name}_{chance.randint(0, 3)}(value):\n{body}" for name in names)


def change(root: Path, chance: random.Random) -> list[Path]:
    """One random change, and the paths that an editor would name."""
    file = root / chance.choice(NAMES)
    other = root / chance.choice(NAMES)
    match chance.choice(["write", "write", "edit", "delete", "rename", "folder", "ignore", "copy"]):
        case "edit" if file.is_file():
            file.write_text(f"# edited\n{file.read_text('utf-8')}", "utf-8")
            return [file]
        case "delete" if file.is_file():
            file.unlink()
            return [file]
        case "rename" if file.is_file() and not other.is_dir():
            other.parent.mkdir(parents=True, exist_ok=True)
            file.rename(other)
            return [file, other]
        case "copy" if file.is_file() and file != other:
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(file.read_bytes())
            return [other]
        case "folder" if (root / "pkg").is_dir():
            target = root / f"moved{chance.randint(0, 2)}"
            if not target.exists():
                (root / "pkg").rename(target)
            return [root / "pkg", target]
        case "ignore":
            rules = chance.choice(["", "docs/\n", "*.json\n", "pkg/deep/\n", "a.py\n"])
            (root / ".gitignore").write_text(rules, "utf-8")
            return [root / ".gitignore"]
        case _:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source(chance), "utf-8")
            return [file]


@pytest.mark.parametrize("seed", range(sampled(2)))
async def test_random_changes_end_as_a_fresh_index(opened: Opener, root: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(2):
        async with opened() as memory, asyncio.timeout(SECONDS_MAX):
            await memory.code.index()
            assert await stored(memory) == fresh(root)
            for _ in range(6):
                paths = [path for _ in range(chance.randint(1, 4)) for path in change(root, chance)]
                memory.code.files_changed(paths)
                await memory.settle()
                assert await stored(memory) == fresh(root)
        for _ in range(chance.randint(0, 5)):
            change(root, chance)


async def test_the_limit_of_a_file_counts_as_it_is_now(opened: Opener, root: Path) -> None:
    (root / "small.py").write_text("x = 1\n", "utf-8")
    (root / "large.py").write_text("y = 2\n" * 500, "utf-8")
    for bytes_max, indexed in [
        (10_000, {"small.py", "large.py"}),
        (1_000, {"small.py"}),
        (10_000, {"small.py", "large.py"}),
    ]:
        async with opened(file_bytes_max=bytes_max) as memory, asyncio.timeout(SECONDS_MAX):
            await memory.code.index()
            assert {chunk.path for chunk in (await memory.reader.contents()).chunks} == indexed
            while not await stamp(memory, "large.py"):  # A young file is read again in any case.
                await memory.code.index()


async def stamp(memory: Memory, path: str) -> str:
    files = (await memory.reader.contents()).files
    return next(file.stamp for file in files if file.path == path)


async def test_an_unchanged_file_is_not_read_again(opened: Opener, root: Path) -> None:
    (root / "a.py").write_text("x = 1\n", "utf-8")
    async with opened() as memory:
        assert (await memory.code.index()).chunks == 1
        assert (await memory.code.index()).chunks == 0


async def test_moved_and_returned_code_keeps_its_vectors(opened: Opener, root: Path) -> None:
    counting = Counting()
    (root / "a.py").write_text("def load(value):\n    return value\n", "utf-8")
    async with opened(counting) as memory, asyncio.timeout(SECONDS_MAX):
        await memory.code.index()
        await memory.settle()
        assert counting.texts == 1
        (root / "a.py").rename(root / "b.py")
        memory.code.files_changed([root / "a.py", root / "b.py"])
        await memory.settle()
        (root / "b.py").write_text("def other(): ...\n", "utf-8")
        memory.code.files_changed([root / "b.py"])
        await memory.settle()
        assert counting.texts == 2
        (root / "b.py").write_text("def load(value):\n    return value\n", "utf-8")
        memory.code.files_changed([root / "b.py"])
        await memory.settle()
        assert counting.texts == 2
    async with opened(counting) as memory, asyncio.timeout(SECONDS_MAX):
        await memory.code.index()
        await memory.settle()
        assert counting.texts == 2


class Counting:
    """An embedder that counts."""

    dimension = 2
    fingerprint = "counting"

    def __init__(self) -> None:
        self.texts = 0

    async def embed(self, texts: list[str]) -> list[list[float]]:
        self.texts += len(texts)
        return [[1.0, float(len(text))] for text in texts]


async def test_progress_reaches_its_end_and_reasons_are_kept(opened: Opener, root: Path) -> None:
    for i in range(40):
        (root / f"f{i}.py").write_text(f"x = {i}\n", "utf-8")
    (root / ".env").write_text("KEY=1\n", "utf-8")
    seen: list[tuple[int, int]] = []

    def report_to(progress: IndexProgress) -> None:
        seen.append((progress.done, progress.total))

    async with opened() as memory:
        report = await memory.code.index(report_to)
        assert seen[-1] == (41, 41)
        assert seen == sorted(seen)
        assert (report.files, report.skipped, report.chunks) == (41, 1, 40)
        status = memory.status()
        assert status.skipped == {"its name says that it holds secrets": 1}
        assert (status.files, status.chunks) == (41, 40)


async def test_cancelled_indexing_goes_on_where_it_was(opened: Opener, root: Path) -> None:
    for i in range(200):
        (root / f"f{i}.py").write_text(f"def f{i}():\n    return {i}\n", "utf-8")

    def cancel(_: IndexProgress) -> None:
        task.cancel()

    async with opened() as memory:
        task = asyncio.create_task(memory.code.index(cancel))
        with pytest.raises(asyncio.CancelledError):
            await task
        await memory.code.index()
        assert await stored(memory) == fresh(root)


WRITER = """
import asyncio, sys
from pathlib import Path
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.memory import Memory
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from lsp_server.sandbox.unconfined import start_unconfined

async def main():
    folder, root = map(Path, sys.argv[1:])
    memory = await Memory.open(folder, Workspace(root), HashingEmbedder(), MemorySettings(), start_process=start_unconfined)
    print("open", flush=True)
    for turn in range(1000):
        for i in range(turn % 7, 60, 7):
            (root / f"f{i}.py").write_text(f"def f{i}():\\n    return {turn}\\n", "utf-8")
        await memory.code.index()
        print(turn, flush=True)

asyncio.run(main())
"""


async def test_a_killed_writer_leaves_nothing_wrong(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    chance = random.Random(1)
    for _ in range(sampled(2)):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WRITER,
            str(tmp_path / "memory"),
            str(root),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        for _ in range(chance.randint(1, 4)):
            assert await child.stdout.readline()
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(0.0, 0.1)):
                await child.wait()
        child.kill()
        await child.communicate()
        # A process that it was just starting has its files until its own program begins.
        lock = ProcessLock(tmp_path / "memory" / LOCK_FILE)
        await until(lock.acquire, "nobody holds the lock")
        lock.release()
        async with opened() as memory:
            assert memory.status().writes
            await memory.code.index()
            assert await stored(memory) == fresh(root)


async def test_half_written_files_are_found_at_the_next_start(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (root / name).write_text(f"def in_{name[0]}(): ...\n", "utf-8")
    async with opened() as memory:
        await memory.code.index()
    database = await database_of(tmp_path / "memory")
    await (await database.table(FILES.table, writes=True)).delete("path = 'a.py'")
    await (await database.table(CHUNKS.table, writes=True)).delete("path = 'b.py'")
    database.close()
    (root / "a.py").unlink()
    async with opened() as memory:
        await memory.code.index()
        assert await stored(memory) == fresh(root)


def test_the_fresh_index_of_these_tests_is_one(root: Path) -> None:
    (root / "a.json").write_text(json.dumps({"name": 1}), "utf-8")
    assert [place[0] for place in fresh(root).values()] == ["a.json"]
