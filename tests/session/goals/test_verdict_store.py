"""What was shown survives restarts, other processes and damage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lsp_server.domain.goals import Condition, ConditionReport, Evidence, Finding
from lsp_server.session.goals.verdict_store import CONDITIONS_MAX, TAIL_CHARS_MAX, VerdictStore


def report(name: str) -> ConditionReport:
    shown = Evidence("e", "x", True, "y" * 5000, 1.0, "t", "2026", 0, (Finding("m", "a", 1),))
    return ConditionReport(Condition(name, name), "met", "", (shown,))


def test_a_new_process_knows_what_the_old_one_recorded(tmp_path: Path) -> None:
    path = tmp_path / "data" / "goals.json"
    VerdictStore(path).record({"a": report("a")}, "t1")
    known = VerdictStore(path).verdicts()["a"]
    assert known.tree == "t1"
    assert known.report.verdict == "met"
    assert len(known.report.evidence[0].output_tail) == TAIL_CHARS_MAX
    assert path.parent.stat().st_mode & 0o077 == 0


def test_writers_add_to_what_others_wrote(tmp_path: Path) -> None:
    path = tmp_path / "goals.json"

    def write(number: int) -> None:
        VerdictStore(path).record({f"c{number}": report("x")}, "t")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    verdict_store = VerdictStore(path)
    assert len(verdict_store.verdicts()) == 24
    assert verdict_store.revision == 24


def test_a_reader_sees_what_is_new(tmp_path: Path) -> None:
    reader = VerdictStore(tmp_path / "goals.json")
    assert reader.verdicts() == {}
    VerdictStore(tmp_path / "goals.json").record({"a": report("a")}, "t")
    assert set(reader.verdicts()) == {"a"}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"standings": {"a": 3}}', b"\xff"])
def test_damage_means_that_nothing_is_known(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "goals.json"
    path.write_bytes(damage)
    assert VerdictStore(path).verdicts() == {}
    VerdictStore(path).record({"a": report("a")}, "t")
    assert set(VerdictStore(path).verdicts()) == {"a"}


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    verdict_store = VerdictStore(tmp_path / "goals.json")
    verdict_store.record(
        {f"c{n}": ConditionReport(Condition("x", "x"), "met") for n in range(10)}, "t"
    )
    many = {f"d{n}": ConditionReport(Condition("x", "x"), "met") for n in range(CONDITIONS_MAX)}
    verdict_store.record(many, "t")
    assert set(verdict_store.verdicts()) == set(many)


def test_what_cannot_be_kept_is_known_to_this_process_at_least(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in place of the folder")
    verdict_store = VerdictStore(tmp_path / "data" / "goals.json")
    for name in ("a", "b"):
        with pytest.raises(OSError, match="data"):
            verdict_store.record({name: report(name)}, "t")
    assert set(verdict_store.verdicts()) == {"a", "b"}
