"""This module keeps the results of cells, one JSON line each, so that a kill loses none of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import ConfigurationError
from lsp_server.evaluation.cells import Cell, CellResult

RESULTS = "results.jsonl"


class ResultsFile:
    """A `ResultsFile` is the file in `folder` that has a line for each cell that has ended. Blocking.

    Of several lines about one cell the last one counts.

    >>> import tempfile
    >>> results = ResultsFile(Path(tempfile.mkdtemp()))
    >>> results.add(CellResult(Cell("a", "single", 1, "d"), "solved"))
    >>> [one.status for one in results.by_cell().values()]
    ['solved']
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / RESULTS
        self._format = TypeAdapter(CellResult)

    def by_cell(self) -> dict[Cell, CellResult]:
        """Returns the result of each cell. Raises ConfigurationError where the file cannot be read."""
        return {result.cell: result for result in self._results()}

    def add(self, result: CellResult) -> None:
        """Adds a line, on the disk when this returns. Raises OSError."""
        line = self._format.dump_json(result) + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        with open(descriptor, "r+b", buffering=0) as file:  # noqa: PTH123 - it has no path
            size = file.seek(0, os.SEEK_END)
            # What a kill cut off ends in the middle of a line.
            is_cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            file.write(b"\n" * is_cut + line)
            os.fsync(descriptor)

    def _results(self) -> Iterator[CellResult]:
        try:
            lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} cannot be read: {error.strerror}; name another folder with --out"
            ) from error
        for line in lines:
            try:
                yield self._format.validate_json(line)
            except ValidationError:
                continue  # It was cut off, so that cell is worked on again.
