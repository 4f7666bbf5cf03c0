from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lsp_server.memory.lock import WriterLock

HOLDER = """
import sys
from pathlib import Path
from lsp_server.memory.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    first, second = WriterLock(tmp_path / "lock"), WriterLock(tmp_path / "lock")
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    assert not first.held
    second.release()


def test_it_falls_with_a_killed_process(tmp_path: Path) -> None:
    ours = WriterLock(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not ours.acquire()
        holder.kill()
        holder.wait()
        assert ours.acquire()
    ours.release()
