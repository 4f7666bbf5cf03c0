"""A workspace over a team's base goes on from a copy when the store is far or gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import EVERY_REPOSITORY, Query
from lsp_server.memory.base.base_copies import DIGESTS, KEPT
from lsp_server.redaction.secrets import Secrets
from tests.memory.base.test_layers import QUERY, Team, seen
from tests.memory.expected import fresh

FILES = {f"m{n}.py": f"def pelican_{n}():\n    return {n}\n" for n in range(5)}
ON: dict[str, Any] = {"base_copy_bytes_max": 10_000_000}


@pytest.fixture
async def team(tmp_path: Path) -> Team:
    """A repository with a base, of which a memory has made its copy."""
    team = Team(tmp_path)
    team.begin(FILES)
    await team.build()
    async with team.memory(**ON):
        pass
    return team


def copies(team: Team) -> list[Path]:
    return sorted(team.scratch.joinpath("memory/base").glob("*-*"))


async def test_it_answers_everything_about_the_project_without_the_store(team: Team) -> None:
    shutil.rmtree(team.scratch / "base")
    (team.root / "m1.py").write_text("def pelican_changed(): ...\n")
    (team.root / "m2.py").unlink()
    async with team.memory(**ON) as memory:
        assert await seen(memory) == fresh(team.root)
        assert "a copy of the base is searched" in memory.status().problems[0]
        assert "5 files in 5 pieces" in memory.status().base
        with pytest.raises(MemoryUnavailable, match="does not answer"):
            await memory.reader.search(Query(QUERY, ("code",), repository=EVERY_REPOSITORY))


async def test_the_store_is_asked_for_nothing_that_it_has(team: Team) -> None:
    for data in team.scratch.joinpath("base").glob("[cv]*/data/*"):
        data.unlink()
    async with team.memory(**ON) as memory:
        assert await seen(memory) == fresh(team.root)
        assert memory.status().problems == ()


def cut(place: Path) -> None:
    file = max(place.rglob("*.lance"), key=lambda path: path.is_file() and path.stat().st_size)
    file.write_bytes(file.read_bytes()[:-1])


def change(place: Path) -> None:
    file = max(place.rglob("*.lance"), key=lambda path: path.is_file() and path.stat().st_size)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def lose(place: Path) -> None:
    next(path for path in place.rglob("*.manifest") if path.is_file()).unlink()


def end_before_it_is_whole(place: Path) -> None:
    (place / DIGESTS).unlink()


@pytest.mark.parametrize("damage", [cut, change, lose, end_before_it_is_whole])
async def test_one_that_is_damaged_is_not_read(team: Team, damage: Callable[[Path], None]) -> None:
    damage(copies(team)[0])
    async with team.memory(base_copy_bytes_max=0) as memory:
        assert await seen(memory) == fresh(team.root)
    (team.scratch / "base").rename(team.scratch / "away")
    async with team.memory(base_copy_bytes_max=0) as memory:
        assert await seen(memory) == {}
        assert "only what differs" in memory.status().problems[0]


async def test_each_build_that_is_used_is_copied_and_old_ones_go(team: Team) -> None:
    shutil.rmtree(team.scratch / "base")  # What is built then counts from one again.
    for step in range(KEPT + 1):
        team.commit({"new.py": f"def pelican_new_{step}(): ...\n"})
        await team.build()
        async with team.memory(**ON) as memory:
            assert await seen(memory) == fresh(team.root)
    assert len(copies(team)) == KEPT
    shutil.rmtree(team.scratch / "base")
    async with team.memory(**ON) as memory:
        assert await seen(memory) == fresh(team.root)


async def test_what_would_be_too_large_is_not_copied(team: Team) -> None:
    async with team.memory("other", base_copy_bytes_max=1_000) as memory:
        assert await seen(memory) == fresh(team.root)
    assert not (team.scratch / "other/base").exists()


async def test_secrets_of_this_machine_get_into_no_copy(team: Team) -> None:
    team.commit({"key.py": "def pelican_key():\n    return 'only-i-know-this'\n"})
    await team.build()
    mine = Secrets(("only-i-know-this",))
    async with team.memory("other", lambda: mine, **ON):
        pass
    (copy,) = team.scratch.joinpath("other/base").iterdir()
    stored = b"".join(path.read_bytes() for path in copy.rglob("*") if path.is_file())
    assert b"only-i-know-this" not in stored
    assert b"pelican_1" in stored
