"""What is in a buffer counts, and not what was saved before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from lsp_server.domain.memories import CodeChunk, Query
from lsp_server.memory.memory import Memory
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.unsaved import BUFFERS_MAX, UnsavedChunks
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.workspace.files.paths import Workspace
from tests.data.planted import planted
from tests.harness.files import lay_out
from tests.memory.conftest import Opener

FILLER = "    value = compute(value, 12345)\n" * 16
SAVED = f"def first(value):\n{FILLER}\n\ndef second(value):\n{FILLER}"
FILES = {
    "src/two.py": SAVED,
    "src/other.py": "def compute(value, factor):\n    return value * factor\n",
    "lib/pelican.py": "def feed_pelican(fish):\n    return fish\n",
    ".gitignore": "ignored/\n",
}


async def chunks(
    memory: Memory, text: str, unsaved: Mapping[str, str], path: str | None = None
) -> list[CodeChunk]:
    hits = await memory.reader.search(Query(text, kinds=("code",), path=path), unsaved=unsaved)
    return [hit.found for hit in hits if isinstance(hit.found, CodeChunk)]


@pytest.mark.parametrize("embedded", [False, True], ids=["words", "vectors"])
async def test_a_buffer_wins_over_what_is_stored(
    opened: Opener, root: Path, embedded: bool
) -> None:
    lay_out(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        if embedded:
            await memory.settle()
        changed = f"import heron\n\n\n{SAVED.replace('def first', 'def feed_heron')}"
        unsaved = {"src/two.py": changed}
        (best, *_) = await chunks(memory, "feed_heron", unsaved)
        assert (best.path, best.symbol, best.start_line) == ("src/two.py", "feed_heron", 1)
        assert await memory.reader.get(best.id) == best
        assert not any(one.symbol == "first" for one in await chunks(memory, "first", unsaved))
        (same, *_) = await chunks(memory, "second", unsaved)
        assert (same.symbol, same.start_line) == ("second", changed[: changed.index("def second")].count("\n") + 1)  # fmt: skip
        assert "".join(changed.splitlines(keepends=True)[same.start_line - 1 : same.end_line]) == same.text  # fmt: skip
        (stored, *_) = await chunks(memory, "first", {})
        assert stored.symbol == "first"
        pelicans = await chunks(memory, "feed pelican", unsaved)
        assert pelicans[0].path == "lib/pelican.py"


async def test_a_buffer_without_a_file_and_an_emptied_one(opened: Opener, root: Path) -> None:
    lay_out(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        unsaved = {"lib/new.py": "def feed_stork(): ...\n", "lib/pelican.py": ""}
        found = await chunks(memory, "feed", unsaved)
        assert [one.path for one in found] == ["lib/new.py"]
        assert await chunks(memory, "feed stork", unsaved, path="src") == []
        assert await chunks(memory, "feed stork", unsaved, path="lib/new.py") == found


async def test_what_may_not_be_indexed_is_not_searched_in_a_buffer(
    opened: Opener, root: Path
) -> None:
    lay_out(root, FILES)
    async with opened(file_bytes_max=1_000) as memory, asyncio.timeout(30):
        await memory.code.index()
        stork = "def feed_stork(): ...\n"
        refused = {
            ".env": stork,
            "ignored/a.py": stork,
            "big.py": stork * 100,
            "../outside.py": stork,
        }
        assert await chunks(memory, "stork", refused) == []
        secrets = planted(48)
        unsaved = {"keys.txt": "\n".join(f"stork {one.line}" for one in secrets)[:900]}
        for chunk in await chunks(memory, "stork", unsaved):
            assert not [one for one in secrets if one.text in chunk.text]


async def test_many_buffers_are_all_searched_and_few_are_kept(opened: Opener, root: Path) -> None:
    lay_out(root, FILES)
    unsaved = {f"new{i}.py": f"def made_{i}(): ...\n" for i in range(100)}
    async with opened() as memory, asyncio.timeout(60):
        await memory.code.index()
        for _ in range(2):
            (best, *_) = await chunks(memory, "made_77", unsaved)
            assert best.path == "new77.py"
    workers = ParseWorkers(start_unconfined, 1)
    kept = UnsavedChunks(Workspace(root), workers, file_bytes_max=10**6, secrets=Secrets)
    for _ in range(2):
        overlay = await kept.overlay(unsaved)
        assert (len(overlay.paths), len(overlay.rows), len(kept)) == (100, 100, BUFFERS_MAX)
    await workers.close()
