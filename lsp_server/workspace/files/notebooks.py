"""This module compares the cells of a notebook with its file.

An editor holds a notebook as cells, and its file is written when a person saves it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.files.disk import read_text


def has_cells(path: Path, cells: Sequence[str]) -> bool:
    """Says whether the file has these texts of cells. Blocking.

    In a format that is not Jupyter's the file has to hold each of them somewhere.
    """
    try:
        text = read_text(path).text
    except ToolError:
        return False
    sources = _sources(text)
    if sources is None:
        text = _unified(text)
        return all(_unified(cell).strip() in text for cell in cells)
    return sources == [_unified(cell) for cell in cells]


def _sources(text: str) -> list[str] | None:
    """Returns the texts of the cells of a Jupyter notebook, None for another format."""
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return [_source(cell) for cell in cells] if isinstance(cells, list) else None


def _source(cell: object) -> str:
    match cell:
        case {"source": str(source)}:
            return _unified(source)
        case {"source": [*lines]}:
            return _unified("".join(map(str, lines)))
        case _:
            return ""


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
