"""What a checkout may ship in the place of an ordinary file, and a run in it that goes well."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.domain.events import ToolReturned
from lsp_server.domain.tasks import Finished
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.workshop import calls, finish, workshop
from tests.sampling import mostly_slow

SECONDS_MAX = 60.0
"""Generous: what waits for a pipe or a device waits for ever."""
PROMPT_CHARS_MAX = 150_000
HUGE_BYTES = 1 << 30
LOOKS = calls(
    ("list", {"path": "."}),
    ("search", {"query": "needle"}),
    ("read", {"path": "kept.py"}),
    ("shell", {"command": "ls -la"}),
)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def own_link(path: Path) -> None:
    path.symlink_to(path.name)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE_BYTES)


def folder(path: Path) -> None:
    path.mkdir()


def door(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def long_line(path: Path) -> None:
    path.write_text("- [ ] " + "x" * 1_000_000)


def deep(path: Path) -> None:
    path.joinpath(*["d"] * 400).mkdir(parents=True)


def many(path: Path) -> None:
    path.mkdir()
    for number in range(3_000):
        (path / f"{number}.md").touch()


ODD = (pipe, endless, own_link, huge, folder, door)
NAMES = (
    *(".holdfast/goals.md", "AGENTS.md", "sub/AGENTS.md", ".gitignore", ".holdfastignore"),
    *(".env", "secrets.json", ".git/info/exclude", ".git/index", ".skill.md"),
    ".holdfast/workflows/release.md",
)
ROWS = [
    *((name, way) for name in NAMES for way in ODD),
    ("AGENTS.md", long_line),
    (".holdfast/goals.md", long_line),
    (".holdfast/skills", many),
    (".holdfast/workflows", many),
    (".holdfast/deep", deep),
    ("deep", deep),
]


@pytest.mark.parametrize(
    ("name", "way"),
    mostly_slow(((f"{row[1].__name__} {row[0]}", row) for row in ROWS), every=5),
)
async def test_a_run_goes_well(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, way: Callable[[Path], None]
) -> None:
    lay_out(project, {"kept.py": "needle\n"})
    committed(project)
    place = project / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    monkeypatch.chdir(place.parent)
    way(Path(place.name) if way is door else place)
    async with asyncio.timeout(SECONDS_MAX):
        async with workshop(project, [LOOKS, finish()], answer=lambda _: "deny") as shop:
            shop.session.goals.statuses.document()
            assert isinstance(await shop.run(), Finished)
            sent = [str(request.body) for request in shop.server.requests]
            results = [event.result for event in shop.events(ToolReturned)]
    assert [result.text for result in results if result.is_error] == []
    assert "kept.py:1: needle" in results[1].text
    assert max(map(len, sent)) < PROMPT_CHARS_MAX
