from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.command_line import holdfast

ON = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}
SOURCE = "def open_valve(pressure):\n    return pressure - 1\n"


@pytest.fixture
def valve(project: Path) -> Path:
    (project / "valve.py").write_text(SOURCE)
    (project / "data.csv").write_text("1,2\n")
    return project


async def test_code_is_indexed_and_searched(valve: Path) -> None:
    done = await holdfast("index", folder=valve, **ON)
    assert done.status == 0, done.errors
    assert done.output.startswith("2 files read and 0 gone in ")
    assert "not searched, 1 file: data" in done.output
    again = await holdfast("index", folder=valve, **ON)
    assert "vectors to be made" not in again.output
    found = await holdfast("search", "open valve", folder=valve, **ON)
    assert found.status == 0
    assert found.output.startswith("valve.py:1-2 open_valve\n    def open_valve(pressure):")
    lines = await holdfast("search", "open_valve", "--json", folder=valve, **ON)
    assert json.loads(lines.output.splitlines()[0])["path"] == "valve.py"
    report = await holdfast("doctor", folder=valve, **ON)
    assert "## Memory\n\n2 files in 1 piece" in report.output


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("search", "  "), 2, "say what to look for"),
        (("search", "x", "--limit", "0"), 2, "limit"),
        (("search", "x", "--kind", "codes"), 2, "kind"),
        (("search",), 2, "Missing argument"),
        (("search", "bad \udcff"), 2, "is not UTF-8"),
        (("search", "x", "--workspace", "nowhere"), 2, "nowhere is not a folder"),
        (("index", "--workspace", "nowhere"), 2, "nowhere is not a folder"),
        (("remember", " "), 2, "say what to remember"),
        (("forget",), 2, "say what to forget"),
        (("forget", "ab"), 2, "3 characters at least"),
        (("forget", "--before", "yesterday"), 2, "before"),
    ],
)
async def test_bad_input_is_named(
    valve: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    ended = await holdfast(*arguments, folder=valve, **ON)
    assert ended.status == status
    assert words in ended.errors


async def test_nothing_found_and_memory_turned_off(valve: Path) -> None:
    none = await holdfast("search", "zebra", "--kind", "fact", folder=valve, **ON)
    assert (none.status, none.output) == (1, "")
    off = await holdfast("search", "valve", folder=valve, HOLDFAST_MEMORY__ENABLED="false")
    assert off.status == 2
    assert "memory.enabled" in off.errors


async def test_an_embedder_without_its_endpoint_says_what_is_missing(valve: Path) -> None:
    settings = {**ON, "HOLDFAST_MEMORY__EMBEDDER": "http"}
    ended = await holdfast("index", folder=valve, **settings)
    assert ended.status == 2
    assert "memory.embedding_base_url" in ended.errors


async def test_a_fact_is_remembered_found_and_forgotten(valve: Path) -> None:
    kept = await holdfast("remember", "Valves are tested cold.", folder=valve, **ON)
    assert kept.output.startswith("remembered (")
    found = await holdfast("search", "cold valves", "--kind", "fact", folder=valve, **ON)
    assert found.output.startswith("Valves are tested cold.  [person, claimed]")
    gone = await holdfast("forget", "tested COLD", folder=valve, **ON)
    assert (gone.status, gone.output) == (0, "forgot 1 row of memory and words in 0 journals\n")
    none = await holdfast("search", "cold valves", "--kind", "fact", folder=valve, **ON)
    assert none.output == ""
