"""What a base takes in a store, and the share of vectors that content addressing saved.

Bytes are those of the newest version, without what older ones keep: of rows and indexes, and of each index.

    python -m benchmarks.team_memory_sizes FOLDER [--json FILE]

FOLDER is that of a base on this disk, as `--base FOLDER` of `benchmarks.team_memory_reader` keeps it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lancedb

from benchmarks.table import Row, arguments, show
from benchmarks.team_memory_growth import KEYS
from lsp_server.memory.base.base_schema import BASE_CHUNKS


def sizes(folder: Path) -> list[Row]:
    database = lancedb.connect(str(folder))
    rows: list[Row] = []
    for name in KEYS:
        table = database.open_table(name)
        count = table.count_rows()
        stats: Any = table.stats()  # A dictionary, whatever its type says.
        rows.append(row(name, "rows and indexes", count, stats["total_bytes"]))
        for index in table.list_indices():
            index_files = folder / f"{name}.lance" / "_indices" / str(index.index_uuid)
            size = sum(path.stat().st_size for path in index_files.iterdir())
            rows.append(row(name, f"index {index.name}", count, size))
    return rows


def saved(folder: Path) -> Row:
    """The share of pieces whose text another piece of the base has, forks left out."""
    table = lancedb.connect(str(folder)).open_table(BASE_CHUNKS.name)
    chunks = (
        table.search().select(["repository", "vector_key"]).limit(table.count_rows()).to_arrow()
    )
    pairs = zip(chunks["repository"].to_pylist(), chunks["vector_key"].to_pylist(), strict=True)
    keys = [key for repository, key in pairs if "~" not in repository]
    share = 100.0 * (1 - len(set(keys)) / len(keys))
    return {"table": "vectors", "what": "saved", "rows": len(keys), "%": share}


def row(table: str, what: str, rows: int, size: int) -> Row:
    return {
        "table": table,
        "what": what,
        "rows": rows,
        "MB": size / 1e6,
        "bytes a row": size / rows,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    show("What a base takes", [*sizes(options.folder), saved(options.folder)], options.json)


if __name__ == "__main__":
    main()
