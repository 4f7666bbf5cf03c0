"""This module makes the embedder that the settings name."""

from __future__ import annotations

import os

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.ports import Embedder
from lsp_server.settings.sections import MemorySettings


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
