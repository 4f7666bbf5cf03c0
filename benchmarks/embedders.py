"""The embedders that benchmarks of search compare: by the name that a setting has, or a table.

A folder stands for a static table that `scripts/static_embedder` trained into it.
"""

from __future__ import annotations

from pathlib import Path

from lsp_server.assemble.embedder import embedder_of
from lsp_server.domain.ports import Embedder
from lsp_server.settings.sections import MemorySettings
from scripts.static_embedder.embedder import StaticEmbedder

NAMED = ("minilm", "hashing")


def embedder_named(name: str) -> Embedder:
    """The embedder of a name in NAMED, or that of the table in the folder `name`."""
    if name in NAMED:
        return embedder_of(MemorySettings.model_validate({"embedder": name}))
    return StaticEmbedder.load(Path(name))
