"""A folder of files from one mapping, and the files of a name in one that changes meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path


def lay_out(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes the files below `root`, folders as needed, bytes and line endings as given."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def files_called(name: str, root: Path) -> Iterator[Path]:
    """The files of this name below `root`; unlike `Path.rglob` it passes over folders that go meanwhile."""
    for folder, _, names in os.walk(root):
        if name in names:
            yield Path(folder, name)
