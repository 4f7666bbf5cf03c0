from __future__ import annotations

import stat
from pathlib import Path

from lsp_server.domain.memories import ActionRecord, Fact
from lsp_server.memory.write_queue import WriteQueue

ACTION = ActionRecord("a", "run", 1, "2026-01-01", "shell", "ls", files=("a.py",), seconds=0.5)
FACT = Fact("f", "It works", "person", "claimed", "2026-01-01", "2026-01-01")


def test_records_arrive_whole_and_in_order(tmp_path: Path) -> None:
    queue = WriteQueue(tmp_path / "queue")
    assert queue.read() == ([], [])
    queue.send([ACTION, FACT])
    queue.send([FACT])
    entries, records = queue.read()
    assert records == [ACTION, FACT, FACT]
    assert all(stat.S_IMODE(entry.stat().st_mode) == 0o600 for entry in entries)
    queue.remove(entries)
    assert queue.read() == ([], [])


def test_rubbish_says_nothing_and_is_removed_with_the_rest(tmp_path: Path) -> None:
    queue = WriteQueue(tmp_path / "queue")
    queue.send([FACT])
    (tmp_path / "queue" / "0.json").write_text("[{]", "utf-8")
    entries, records = queue.read()
    assert records == [FACT]
    assert len(entries) == 2
