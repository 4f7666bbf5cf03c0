"""Whatever is wrong with files and places: memory says so, and nothing else is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.data.misfortunes import CASES, NotHere

SECONDS_MAX = 60.0


@pytest.mark.parametrize("name", CASES)
async def test_it_is_said_and_nothing_else_is_lost(name: str, tmp_path: Path) -> None:
    case, expected = CASES[name]
    try:
        async with asyncio.timeout(SECONDS_MAX):
            said = await case(tmp_path)
    except NotHere as reason:
        pytest.skip(str(reason))
    assert expected in said
    assert bool(said) == bool(expected)
