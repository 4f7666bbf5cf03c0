from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsp_server.system.folder_walk import walk_folders
from lsp_server.workspace.files.secret_files import secret_paths

DEPTH = 1500
"""More than Python's calls may be deep."""


def build(top: Path) -> None:
    for name in ("a/b/c", "a/d", "e", "漢字/🙂"):
        (top / name).mkdir(parents=True)
    for name in ("one", "a/two", "a/b/c/three", "e/.hidden"):
        (top / name).touch()
    (top / "a" / "around").symlink_to(top)
    (top / "e" / "file").symlink_to(top / "one")
    (top / "e" / "nowhere").symlink_to("nothing")
    (top / "loop").symlink_to("loop")


def dig(top: Path, last: str) -> None:
    before = Path.cwd()
    os.chdir(top)
    try:
        for _ in range(DEPTH):
            Path("a").mkdir()
            os.chdir("a")
        Path(last).touch()
    finally:
        os.chdir(before)


def fill_up(top: Path) -> None:
    """Undoes `dig`, which nothing of Python's own can."""
    before = Path.cwd()
    os.chdir(top)
    try:
        for _ in range(DEPTH):
            os.chdir("a")
        for path in Path.cwd().iterdir():
            path.unlink()
        for _ in range(DEPTH):
            os.chdir("..")
            Path("a").rmdir()
    finally:
        os.chdir(before)


@pytest.mark.parametrize("left_out", ["", "b"])
def test_it_finds_what_the_library_finds(tmp_path: Path, left_out: str) -> None:
    build(tmp_path)
    found = []
    for walk in (walk_folders, os.walk):
        seen = {}
        for folder, folders, files in walk(tmp_path):
            seen[folder] = sorted(folders), sorted(files)
            folders[:] = [name for name in folders if name != left_out]
        found.append(seen)
    assert found[0] == found[1]


def test_nothing_is_too_deep(tmp_path: Path) -> None:
    dig(tmp_path, ".env")
    try:
        assert sum(1 for _ in walk_folders(tmp_path)) == DEPTH + 1
        assert [path.name for path in secret_paths(tmp_path) or ()] == [".env"]
    finally:
        fill_up(tmp_path)
