"""A store that does not answer is waited for only so long, and left alone for a while then."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.base import shared_base
from lsp_server.memory.base.base_reader import Base
from lsp_server.memory.base.shared_base import SharedBase
from lsp_server.redaction.secrets import Secrets


async def test_what_a_silent_store_is_asked_ends_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_base, "ANSWER_SECONDS_MAX", 0.01)
    shared = SharedBase(cast("Base", None), Secrets)
    asked = 0

    async def silent() -> int:
        nonlocal asked
        asked += 1
        return cast("int", await asyncio.get_running_loop().create_future())

    with pytest.raises(MemoryUnavailable, match="its store is slow"):
        await shared.answer(silent)
    assert shared.problem == "only what differs from the base is searched: its store is slow"
    with pytest.raises(MemoryUnavailable, match="gave no answer just now: its store is slow"):
        await shared.answer(silent)
    assert await shared.ask(silent) is None
    assert asked == 1


async def test_a_store_that_answers_again_has_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_base, "RETRY_SECONDS", 0.0)
    shared = SharedBase(cast("Base", None), Secrets)

    async def gone() -> int:
        raise MemoryUnavailable("it is gone")

    async def there() -> int:
        return 1

    assert await shared.ask(gone) is None
    assert "it is gone" in shared.problem
    assert await shared.answer(there) == 1
    assert not shared.problem
