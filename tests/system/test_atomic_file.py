from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lsp_server.system.atomic_file import STAGING_PREFIX, create_file, replace_file


def test_a_file_keeps_its_mode_and_a_new_private_one_is_for_its_owner(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "folder" / "new"
    kept.write_bytes(b"old")
    kept.chmod(0o640)
    replace_file(kept, b"new")
    replace_file(new, b"new", private=True)
    assert (kept.read_bytes(), new.read_bytes()) == (b"new", b"new")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept, new)] == [0o640, 0o600]


@pytest.mark.parametrize("failing", ["open", "fsync", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    target = tmp_path / "state"
    target.write_bytes(b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, full)
        with pytest.raises(OSError, match="No space"):
            replace_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert not list(tmp_path.glob(f"{STAGING_PREFIX}*"))


def test_of_several_that_create_a_file_one_succeeds_and_all_find_it_whole(tmp_path: Path) -> None:
    target = tmp_path / "key"

    def create(number: int) -> tuple[bool, bytes]:
        return create_file(target, bytes([number]) * 1000, private=True), target.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(create, range(32)))
    assert sum(created for created, _ in done) == 1
    assert {data for _, data in done} == {target.read_bytes()}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]
