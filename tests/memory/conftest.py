from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from lsp_server.domain.ports import Embedder
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.memory import Memory
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace

Opener: TypeAlias = Callable[..., AbstractAsyncContextManager[Memory]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty workspace."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def opened(tmp_path: Path, root: Path) -> Opener:
    """Opens the memory of `root`, as often as wanted; it is closed at the end of the block."""

    @asynccontextmanager
    async def open_memory(
        embedder: Embedder | None = None, folder: str = "memory", **settings: object
    ) -> AsyncIterator[Memory]:
        memory = await Memory.open(
            tmp_path / folder,
            Workspace(root),
            embedder or HashingEmbedder(),
            MemorySettings.model_validate(settings),
            start_process=start_unconfined,
        )
        try:
            yield memory
        finally:
            await memory.close()

    return open_memory
