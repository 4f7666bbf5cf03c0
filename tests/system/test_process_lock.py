from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lsp_server.system.process_lock import ProcessLock, is_locked

HOLDER = """
import sys, time
from pathlib import Path
from lsp_server.system.process_lock import ProcessLock
assert ProcessLock(Path(sys.argv[1])).acquire()
lock = ProcessLock(Path(sys.argv[1] + ".kept"))
assert lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        kept = ProcessLock(tmp_path / "lock.kept")
        assert is_locked(kept.path)
        assert not kept.acquire()
        holder.kill()
        holder.wait()
    assert not is_locked(kept.path)
    assert kept.acquire()
    kept.release()


def test_of_many_threads_one_takes_the_lock(tmp_path: Path) -> None:
    lock = ProcessLock(tmp_path / "lock")
    with ThreadPoolExecutor(16) as threads:
        for _ in range(20):
            taken = list(threads.map(lambda _: lock.take(), range(16)))
            assert taken.count(True) == 1
            assert lock.acquire(), "who holds it may go on"
            lock.release()


def test_waiting_has_an_end(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "lock"), ProcessLock(tmp_path / "lock")
    with first.waiting(1.0):
        assert first.held
        with pytest.raises(TimeoutError, match="was locked"), second.waiting(0.05):
            pass
    with second.waiting(0.05):
        assert second.held
    assert not second.held


def test_a_file_that_is_not_there_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_a_lock_that_cannot_be_taken_at_all_is_held_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.lock").mkdir()
    assert not is_locked(tmp_path / "a.lock")
