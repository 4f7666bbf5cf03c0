"""Files are read, written and removed where they are, and never where a link leads."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from lsp_server.sandbox.real_files import read_real, remove_real, write_real, write_real_link

SWAP_SECONDS = 1.5
NAMES = ("tasks.json", "folder")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "outside"
    (folder / "folder").mkdir(parents=True)
    (folder / "tasks.json").write_text("secret")
    (folder / "folder" / "inner").write_text("theirs")
    return folder


@pytest.fixture
def root(outside: Path) -> Path:
    folder = outside.parent / "work"
    (folder / "place" / "folder").mkdir(parents=True)
    (folder / "place" / "tasks.json").write_text("ours")
    return folder


def texts(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def swap(place: Path, outside: Path, ended: Event) -> None:
    """Puts a link in the place of the folder and the folder back, again and again."""
    aside = place.with_name("aside")
    steps: tuple[Callable[[], object], ...] = (
        lambda: place.rename(aside),
        lambda: place.symlink_to(outside),
        place.unlink,
        lambda: aside.rename(place),
        lambda: shutil.rmtree(aside),
    )
    while not ended.is_set():
        for step in steps:
            with suppress(OSError):
                step()


@pytest.mark.parametrize(
    "work",
    [
        remove_real,
        lambda path, root: write_real(path, b"kept", 0o600, root),
        lambda path, root: write_real_link(path, "kept", root),
        lambda path, root: read_real(path, 100) != b"secret" or pytest.fail("it was read"),
    ],
    ids=["remove", "write", "link", "read"],
)
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    root: Path, outside: Path, work: Callable[[Path, Path], object]
) -> None:
    before = texts(outside)
    ended = Event()
    thread = Thread(target=swap, args=(root / "place", outside, ended))
    thread.start()
    try:
        end = time.monotonic() + SWAP_SECONDS
        while time.monotonic() < end:
            for name in NAMES:
                with suppress(OSError):
                    work(root / "place" / name, root)
    finally:
        ended.set()
        thread.join()
    assert texts(outside) == before


def test_what_stands_in_the_place_of_a_folder_is_replaced(root: Path, outside: Path) -> None:
    before = texts(outside)
    shutil.rmtree(root / "place")
    (root / "place").symlink_to(outside)
    write_real(root / "place" / "deep" / "file", b"text", 0o640, root)
    assert texts(root) == {"place/deep/file": "text"}
    assert (root / "place" / "deep" / "file").stat().st_mode & 0o777 == 0o640
    write_real(root / "place" / "deep", b"file", 0o600, root)
    write_real_link(root / "place" / "deep", "target", root)
    assert (root / "place" / "deep").readlink() == Path("target")
    assert texts(outside) == before


@pytest.mark.parametrize("name", ["place", "place/folder", "place/tasks.json", "link"])
def test_a_file_a_link_and_a_folder_are_removed(root: Path, outside: Path, name: str) -> None:
    before = texts(outside)
    (root / "link").symlink_to(outside)
    (root / "place" / "folder" / "link").symlink_to(outside)
    remove_real(root / name, root)
    assert not os.path.lexists(root / name)
    assert texts(outside) == before


def test_a_name_that_is_not_there_is_an_error(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remove_real(root / "nothing", root)
