from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lsp_server.memory.parse_workers import FILES_PER_REQUEST, ParseWorkers
from lsp_server.memory.parsing import ReadRequest
from lsp_server.sandbox.unconfined import start_unconfined


def wanted(root: Path, count: int) -> ReadRequest:
    paths = tuple(f"f{i}.py" for i in range(count))
    for path in paths:
        (root / path).write_text(f"def {path[:-3]}():\n    return 1\n", "utf-8")
    return ReadRequest(str(root), paths, {}, 10**6)


def processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "lsp_server.memory" in child.cmdline()
    ]


async def test_every_file_is_read_once(tmp_path: Path) -> None:
    readers = ParseWorkers(start_unconfined, 2)
    request = wanted(tmp_path, 3 * FILES_PER_REQUEST + 1)
    reads = await readers.read_all(request)
    assert sorted(read.path for read in reads) == sorted(request.paths)
    assert {row["symbol"] for read in reads for row in read.rows or ()} == {
        path[:-3] for path in request.paths
    }
    await readers.close()
    assert not processes()


async def test_a_process_that_died_is_replaced(tmp_path: Path) -> None:
    readers = ParseWorkers(start_unconfined, 1)
    request = wanted(tmp_path, 2)
    await readers.read_all(request)
    (process,) = processes()
    process.kill()
    process.wait()
    assert len(await readers.read_all(request)) == 2
    await readers.close()


async def test_a_file_that_ends_the_process_is_skipped_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    readers = ParseWorkers(start_unconfined, 1, module="tests.fakes.dying_reader")
    paths = ("a.py", "b.py", "poison.py", "c.py", "d.py")
    for path in paths:
        (tmp_path / path).write_text("")
    reads = await readers.read_all(ReadRequest(str(tmp_path), paths, {}, 1))
    assert {read.path: read.skipped for read in reads} == {
        path: "it cannot be parsed" if path == "poison.py" else "" for path in paths
    }
    await readers.close()


async def test_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    readers = ParseWorkers(start_unconfined, 1)
    request = wanted(tmp_path, 4 * FILES_PER_REQUEST)

    async def some() -> None:
        async with aclosing(readers.read(request)) as answers:
            async for _ in answers:
                raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await some()
    assert len(await readers.read_all(request)) == len(request.paths)
    await readers.close()
    assert not processes()


async def test_nothing_wanted_starts_nothing(tmp_path: Path) -> None:
    readers = ParseWorkers(start_unconfined, 1)
    assert await readers.read_all(ReadRequest(str(tmp_path), (), {}, 1)) == []
    assert not processes()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.java", "a<\n" * 200_000),  # takes all the memory that there is
        ("a.yaml", "".join(f"{' ' * depth}a:\n" for depth in range(420))),  # ends the parser
    ],
)
async def test_a_file_that_no_process_survives_is_known_by_its_content(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    readers = ParseWorkers(start_unconfined, 1)
    request = wanted(tmp_path, 2)
    request = replace(request, paths=(*request.paths, name))
    reads = {read.path: read for read in await readers.read_all(request)}
    assert reads[name].skipped == "it cannot be parsed"
    assert reads["f0.py"].rows
    again = replace(request, paths=("f0.py", name), hashes={name: reads[name].hash})
    _, read = await readers.read_all(again)
    # It was compared and not tried again, so the process that read it is there.
    assert read.rows is None
    assert len(processes()) == 1
    await readers.close()


@pytest.mark.parametrize("line", ["<div>\n", "<!--\n"])
async def test_a_file_that_takes_long_to_parse_is_cut_between_lines(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / "h.html").write_text(line * (600_000 // len(line)) + "needle\n")
    readers = ParseWorkers(start_unconfined, 1)
    (read,) = await readers.read_all(ReadRequest(str(tmp_path), ("h.html",), {}, 10**6))
    await readers.close()
    assert read.hash
    assert any("needle" in row["text"] for row in read.rows or ())
