"""The grammars that memory brings along, for those who can do without them."""

from __future__ import annotations

from pathlib import Path


def broken_places(path: Path, text: str) -> int | None:
    """Where a text does not fit its language; None without the extra `memory` or a grammar."""
    try:
        from lsp_server.memory.syntax import broken_places as count  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return count(path.name, text)
