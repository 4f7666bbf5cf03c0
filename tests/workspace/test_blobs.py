"""Contents are kept once, privately and checked, and removed by age and size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lsp_server.system.atomic_file import STAGING_PREFIX
from lsp_server.workspace.checkpoints.blobs import Blobs, Pruned, find_content_names
from lsp_server.workspace.checkpoints.file_state import digest_of, file_state

DAY = 86_400.0


def test_blobs_are_private_shared_and_checked(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "data/blobs")
    blobs.put(b"x")
    blobs.put(b"x")
    name = str(file_state(b"x", 0o755))
    (file,) = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert file.stat().st_mode & 0o077 == 0
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "data", file.parent)} == {0o700}
    assert blobs.get(name) == b"x"
    file.write_bytes(b"y")
    assert blobs.get(name) is None
    assert blobs.problem is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_store_that_fails_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    blobs = Blobs(tmp_path / "file")
    blobs.put(b"x")
    assert blobs.problem is not None
    assert "cannot be undone" in blobs.problem


def fill(folder: Path, ages_days: dict[bytes, float]) -> Blobs:
    """A store in which each content was put so many days ago."""
    blobs = Blobs(folder)
    for data, days in ages_days.items():
        blobs.put(data)
        path = path_of(folder, data)
        os.utime(path, (time.time() - days * DAY,) * 2)
    return blobs


def path_of(folder: Path, data: bytes) -> Path:
    name = digest_of(data)
    return folder / name[:2] / name[2:]


def kept(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.glob("??/*")}


@pytest.mark.parametrize(
    ("ages_days", "needed", "days_max", "bytes_max", "left"),
    [
        ({b"old": 31, b"new": 29}, [], 30, 1000, {b"new"}),
        ({b"old": 31, b"needed": 99}, [b"needed"], 30, 1000, {b"needed"}),
        ({b"1": 3, b"2": 2, b"3": 1}, [], 30, 2, {b"2", b"3"}),
        ({b"1": 3, b"2": 2, b"3": 1}, [b"1"], 30, 2, {b"1", b"3"}),
        ({b"1": 3, b"2": 2, b"3": 1}, [b"1", b"2", b"3"], 30, 1, {b"1", b"2", b"3"}),
        ({b"1": 3, b"2": 2, b"3": 0}, [], 30, 1, {b"3"}),
        ({b"young": 0.01}, [], 0.001, 1, {b"young"}),
        ({}, [b"never put"], 30, 1000, set()),
    ],
    ids=[
        "old", "old but needed", "too many bytes", "too many, the oldest needed",
        "all needed and too many", "the young stay", "young for any limit", "empty",
    ],
)  # fmt: skip
def test_contents_go_by_age_and_size(
    tmp_path: Path,
    ages_days: dict[bytes, float],
    needed: list[bytes],
    days_max: float,
    bytes_max: int,
    left: set[bytes],
) -> None:
    blobs = fill(tmp_path, ages_days)
    names = [str(file_state(data, 0o755 if data == b"needed" else 0o600)) for data in needed]
    pruned = blobs.prune(names, days_max=days_max, bytes_max=bytes_max)
    gone = ages_days.keys() - left
    assert kept(tmp_path) == left
    assert pruned == Pruned(len(gone), sum(map(len, gone)))
    assert blobs.prune(names, days_max=days_max, bytes_max=bytes_max) == Pruned(0, 0)


def test_a_content_that_is_put_again_is_young(tmp_path: Path) -> None:
    blobs = fill(tmp_path, {b"x": 99})
    blobs.put(b"x")
    assert blobs.prune([], days_max=30, bytes_max=1) == Pruned(0, 0)


def test_pruning_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    blobs = fill(tmp_path, {b"1": 99, b"2": 98})
    answers = iter([False, True])
    blobs.prune([], days_max=30, bytes_max=1000, stopped=lambda: next(answers))
    assert kept(tmp_path) == {b"2"}


def test_names_are_found_in_any_text() -> None:
    name = digest_of(b"x")
    text = f'{{"after":"{name}+x","snapshot":"0123456789abcdef","longer":"{name}0"}}'
    assert list(find_content_names(text.encode())) == [name]


KILLED = """
import os, pathlib, signal, sys
from lsp_server.workspace.checkpoints.blobs import Blobs
unlink = pathlib.Path.unlink
def die(path, *rest, **more):
    os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.unlink = die
Blobs(pathlib.Path(sys.argv[1])).prune([], days_max=30, bytes_max=1000)
"""


def test_a_content_survives_a_process_that_was_killed_while_it_removed_it(tmp_path: Path) -> None:
    blobs = fill(tmp_path, {b"needed again": 99, b"old": 98})
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert blobs.get(digest_of(b"needed again")) is None
    blobs.prune([digest_of(b"needed again")], days_max=30, bytes_max=1000)
    assert kept(tmp_path) == {b"needed again"}


MANY = [str(number).encode() for number in range(40)]


def packed(folder: Path, days: float = 0) -> Blobs:
    """A store with one pack, which was put so many days ago."""
    blobs = Blobs(folder)
    with blobs.batch() as batch:
        for data in MANY:
            batch.put(data)
    for path in packs(folder):
        os.utime(path, (time.time() - days * DAY,) * 2)
    return blobs


def packs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def found(blobs: Blobs) -> list[bytes]:
    return [data for data in MANY if blobs.get(digest_of(data)) == data]


def test_many_contents_that_come_together_lie_in_one_private_file(tmp_path: Path) -> None:
    blobs = packed(tmp_path)
    (pack,) = packs(tmp_path)
    assert pack.stat().st_mode & 0o777 == 0o600
    assert pack.parent.stat().st_mode & 0o777 == 0o700
    assert found(blobs) == found(Blobs(tmp_path)) == MANY
    packed(tmp_path)
    Blobs(tmp_path).put(MANY[0])
    assert packs(tmp_path) == [pack]


@pytest.mark.parametrize(
    ("days", "needed", "days_max", "bytes_max"),
    [(31, MANY[:3], 30, 1000), (1, MANY[:3], 30, 5), (31, [], 30, 1000), (31, MANY, 30, 1000)],
    ids=["old", "too many bytes", "none needed", "all needed"],
)
def test_what_is_not_needed_of_a_pack_goes_by_age_and_size(
    tmp_path: Path, days: float, needed: list[bytes], days_max: float, bytes_max: int
) -> None:
    blobs = packed(tmp_path, days)
    other = Blobs(tmp_path)
    assert found(other) == MANY
    names = [digest_of(data) for data in needed]
    gone = [data for data in MANY if data not in needed]
    pruned = blobs.prune(names, days_max=days_max, bytes_max=bytes_max)
    assert pruned == Pruned(len(gone), len(b"".join(gone)))
    assert found(blobs) == found(other) == found(Blobs(tmp_path)) == needed
    assert len(packs(tmp_path)) == bool(needed)
    assert blobs.prune(names, days_max=days_max, bytes_max=bytes_max) == Pruned(0, 0)
    other.put(MANY[-1])
    assert found(blobs) == [*needed, *([MANY[-1]] if MANY[-1] not in needed else [])]


def test_a_content_of_a_pack_that_is_put_again_is_young(tmp_path: Path) -> None:
    blobs = packed(tmp_path, 99)
    blobs.put(MANY[7])
    assert blobs.prune([], days_max=30, bytes_max=1) == Pruned(0, 0)


def test_a_damaged_pack_costs_what_was_in_it_and_no_more(tmp_path: Path) -> None:
    blobs = packed(tmp_path)
    (pack,) = packs(tmp_path)
    whole = pack.read_bytes()
    for damaged in (b"", whole[:50], whole[:-1], b"\xff" * len(whole), whole[10:]):
        pack.write_bytes(damaged)
        assert found(Blobs(tmp_path)) == []
    pack.write_bytes(b"x" + whole[1:])
    assert found(Blobs(tmp_path)) == MANY[1:]
    again = Blobs(tmp_path)
    pack.unlink()
    with again.batch() as batch:
        for data in MANY:
            batch.put(data)
    assert found(blobs) == found(again) == MANY


def test_a_pack_that_was_never_finished_is_removed(tmp_path: Path) -> None:
    blobs = packed(tmp_path)
    (pack,) = packs(tmp_path)
    (old := pack.with_name(f"{STAGING_PREFIX}old")).write_bytes(b"x")
    (new := pack.with_name(f"{STAGING_PREFIX}new")).write_bytes(b"x")
    os.utime(old, (1e9, 1e9))
    blobs.prune([], days_max=30, bytes_max=1000)
    assert set(packs(tmp_path)) == {pack, new}


SURVIVORS = """
import sys
from pathlib import Path
from lsp_server.workspace.checkpoints.blobs import Blobs
blobs = Blobs(Path(sys.argv[1]))
for round in range(30):
    with blobs.batch() as batch:
        for number in range(40):
            batch.put(f"{sys.argv[2]} {round % 5} {number}".encode())
"""


def test_processes_may_put_while_one_prunes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SURVIVORS, str(tmp_path)]
    putting = [subprocess.Popen([*command, name]) for name in "ab"]
    blobs = Blobs(tmp_path)
    while any(process.poll() is None for process in putting):
        for path in tmp_path.rglob("*.pack"):
            with suppress(FileNotFoundError):
                os.utime(path, (1e9, 1e9))
        blobs.prune([digest_of(b"a 0 0")], days_max=30, bytes_max=1000)
    assert [process.wait() for process in putting] == [0, 0]
    assert blobs.problem is None
    with blobs.batch() as batch:
        for data in MANY:
            batch.put(data)
    assert found(blobs) == MANY
    assert blobs.get(digest_of(b"a 0 0")) == b"a 0 0"
