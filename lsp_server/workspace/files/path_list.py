"""This module writes lists of paths for programs to read, with a NUL after each, as `xargs -0` has them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def write_path_list(file: Path, paths: Iterable[str]) -> None:
    """Writes the list. Blocking; raises OSError."""
    file.write_bytes(b"".join(os.fsencode(path) + b"\0" for path in paths))


def read_path_list(data: bytes) -> Iterator[Path]:
    """Yields the paths of a list."""
    yield from (Path(os.fsdecode(path)) for path in data.split(b"\0") if path)
