"""The file of results: nothing that was added is lost, and what was cut off is no result."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.evaluation.cells import Cell, CellResult
from lsp_server.evaluation.results_file import ResultsFile


def result(task: str, said: str = "") -> CellResult:
    return CellResult(Cell(task, "single", 1, "d"), "solved", said=said, patch="a\u2028b\n")


def test_what_was_added_is_there(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path)
    assert results.by_cell() == {}
    for task in ("a", "b"):
        results.add(result(task))
    assert list(ResultsFile(tmp_path).by_cell().values()) == [result("a"), result("b")]


def test_the_last_line_about_a_cell_counts(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path)
    results.add(result("a", "first"))
    results.add(result("a", "second"))
    assert [one.said for one in results.by_cell().values()] == ["second"]


def test_a_line_that_was_cut_off_anywhere_costs_its_cell_alone(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path)
    results.add(result("a"))
    whole = results.path.read_bytes()
    results.add(result("b"))
    line = results.path.read_bytes()[len(whole) :]
    for cut in range(len(line)):
        results.path.write_bytes(whole + line[:cut])
        # A line without its end is whole.
        kept = ["a", "b"] if cut == len(line) - 1 else ["a"]
        assert [one.cell.task for one in results.by_cell().values()] == kept
        results.add(result("c"))
        assert [one.cell.task for one in results.by_cell().values()] == [*kept, "c"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    results = ResultsFile(tmp_path)
    results.path.mkdir()
    with pytest.raises(ConfigurationError, match=r"results\.jsonl cannot be read"):
        results.by_cell()
