"""This module makes folders that only their owner can open."""

from __future__ import annotations

from pathlib import Path


def make_private(folder: Path) -> None:
    """Makes the folder, and what is missing above it, with mode 0700. Raises OSError.

    A folder that is there already stays as it is.
    """
    if not folder.exists():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
