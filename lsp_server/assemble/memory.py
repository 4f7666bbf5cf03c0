"""This module opens the memory of a session, with the embedder that the settings name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.memory import Memory
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.sandbox import StartProcess
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace


def embedder_of(settings: MemorySettings) -> Embedder:
    """Returns the embedder that the settings name, not loaded yet. Raises ConfigurationError."""
    # Each import takes a while and some memory, so only the one that is wanted is made.
    match settings.embedder:
        case "minilm":
            from lsp_server.embedders.minilm import MiniLmEmbedder  # noqa: PLC0415 - only if wanted

            return MiniLmEmbedder()
        case "hashing":
            from lsp_server.embedders.hashing import HashingEmbedder  # noqa: PLC0415

            return HashingEmbedder()
        case "http":
            from lsp_server.embedders.http import HttpEmbedder  # noqa: PLC0415

            if not settings.embedding_base_url or not settings.embedding_model:
                raise ConfigurationError(
                    "memory.embedder is http, which needs memory.embedding_base_url and "
                    "memory.embedding_model",
                    key="memory.embedding_base_url",
                )
            # The key in the environment is for the address there, if it names one.
            key = None if settings.key_setting else os.environ.get("HOLDFAST_EMBEDDING_API_KEY")
            return HttpEmbedder(settings.embedding_base_url, settings.embedding_model, api_key=key)


async def open_memory(
    folder: Path,
    workspace: Workspace,
    secrets: Callable[[], Secrets],
    settings: MemorySettings,
    *,
    start_process: StartProcess,
) -> Memory:
    """Opens the memory in `folder`; `secrets` returns what is to be redacted in it,
    and `start_process` starts the processes that parse.

    Raises MemoryUnavailable, also for wrong settings: a run goes on without memory.
    """
    try:
        settings.require_usable()
        embedder = embedder_of(settings)
    except (ConfigurationError, ImportError) as error:
        raise MemoryUnavailable(str(error)) from error
    return await Memory.open(
        folder, workspace, embedder, settings, secrets, start_process=start_process
    )
