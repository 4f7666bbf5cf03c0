"""Temporary folders go with their process: at its end, or after a kill with the next start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsp_server.sandbox.scratch_folder import (
    PREFIX,
    make_scratch_folder,
    remove_abandoned,
    scratch_folder,
)

NOBODY = 65534
HOLDING = (
    "import sys; from pathlib import Path\n"
    "from lsp_server.sandbox.scratch_folder import make_scratch_folder\n"
    "made = make_scratch_folder(Path(sys.argv[1]))\n"
    "print(made.path, flush=True); sys.stdin.read()"
)


@contextmanager
def held_elsewhere(parent: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A folder of another process, which keeps it until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Path(process.stdout.readline().strip()), process
        finally:
            process.kill()


def test_a_folder_is_private_and_gone_at_the_end(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert remove_abandoned([tmp_path]) == 0, "it is in use"
        (folder / "locked").mkdir()
        (folder / "locked" / "inner").touch()
        (folder / "locked").chmod(0)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_stays(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    with held_elsewhere(tmp_path) as (left, killed), held_elsewhere(tmp_path) as (used, _):
        (left / "inner").mkdir()
        (left / "inner" / "file").touch()
        (left / "inner").chmod(0)
        (left / "link").symlink_to(outside)
        assert remove_abandoned([tmp_path]) == 0
        killed.kill()
        killed.wait()
        assert remove_abandoned([tmp_path]) == 1
        assert sorted(tmp_path.iterdir()) == sorted([outside, used])
        assert (outside / "kept").exists(), "no link was followed"
    assert remove_abandoned([tmp_path, tmp_path]) == 1


@pytest.mark.parametrize("kind", ["a link to a folder", "a file", "a pipe", "another name"])
def test_what_is_no_folder_of_ours_stays(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept").touch()
    place = tmp_path / f"{PREFIX}abcdefgh"
    match kind:
        case "a link to a folder":
            place.symlink_to(target)
        case "a file":
            place.touch()
        case "a pipe":
            os.mkfifo(place)
        case _:
            place = tmp_path / "holdfast-abcdefgh"
            place.mkdir()
    assert remove_abandoned([tmp_path]) == 0
    assert os.path.lexists(place)
    assert (target / "kept").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_another_person_stays(tmp_path: Path) -> None:
    place = tmp_path / f"{PREFIX}abcdefgh"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    assert remove_abandoned([tmp_path]) == 0
    assert place.exists()


def test_a_place_that_cannot_be_read_costs_nothing(tmp_path: Path) -> None:
    assert remove_abandoned([tmp_path / "missing"]) == 0


def test_while_others_clean_up_every_new_folder_is_there_for_who_made_it(tmp_path: Path) -> None:
    def make(_: int) -> bool:
        made = make_scratch_folder(tmp_path)
        try:
            (made.path / "file").write_text("mine")
            return (made.path / "file").read_text() == "mine"
        finally:
            made.remove()

    with ThreadPoolExecutor(8) as pool:
        makes = [pool.submit(make, number) for number in range(400)]
        sweeps = [pool.submit(remove_abandoned, [tmp_path]) for _ in range(200)]
        assert all(each.result() for each in makes)
        assert all(each.result() >= 0 for each in sweeps)
    assert list(tmp_path.iterdir()) == []
