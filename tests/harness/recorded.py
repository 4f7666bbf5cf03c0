"""What an earlier version left on disk, unpacked as if it had been left here."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "recorded"
ARCHIVES = sorted(FOLDER.glob("*.tar.gz"))
WITH_PATHS = (".json", ".jsonl", ".md")
"""Files of the data folder in which absolute paths stand."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A folder with all of it. `said` is what the version that left it said of it then."""

    root: Path
    said: Mapping[str, Any]

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def runs(self) -> Mapping[str, str]:
        """The ids of the runs by the names that `scripts/record_data_folder.py` gave them."""
        runs: Mapping[str, str] = self.said["runs"]
        return runs

    @property
    def goals(self) -> Sequence[Mapping[str, Any]]:
        goals: Sequence[Mapping[str, Any]] = self.said["goals"]
        return goals

    @property
    def environment(self) -> dict[str, str]:
        """What makes it the user's own."""
        names = ("CONFIG", "DATA", "CACHE", "STATE")
        folders = {f"XDG_{name}_HOME": self.root / "home" / name.lower() for name in names}
        return {name: str(path) for name, path in {"HOME": self.root / "home", **folders}.items()}

    @property
    def data(self) -> Path:
        """The data of the project."""
        return self.root / "home" / "data" / "holdfast" / "workspaces" / _key(self.project)

    def files(self) -> Iterator[Path]:
        """All files of the data folder."""
        return (path for path in (self.root / "home" / "data").rglob("*") if path.is_file())

    def lose_all_but(self, kept: str) -> None:
        """Removes what lies beside it in the data of the project."""
        for path in self.data.iterdir():
            if path.name != kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def unpacked(archive: Path, root: Path) -> Recorded:
    """An archive's contents in the empty folder `root`, moved there as a whole."""
    with tarfile.open(archive) as file:
        file.extractall(root, filter="data")
    said = json.loads((root / "recorded.json").read_text("utf-8"))
    recorded = Recorded(root, said)
    there = Path(said["root"])
    (recorded.data.parent / _key(there / "project")).rename(recorded.data)
    for path in recorded.files():
        if path.suffix in WITH_PATHS:
            moved = path.read_bytes().replace(os.fsencode(there), os.fsencode(root))
            path.write_bytes(moved)
        os.utime(path)  # What nobody used for weeks is removed.
    return recorded


def _key(workspace: Path) -> str:
    """How 0.1.0 calls the data of a workspace; what it has found once, it must find again."""
    return f"{workspace.name}-{hashlib.sha256(os.fsencode(workspace)).hexdigest()[:12]}"
