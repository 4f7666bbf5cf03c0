"""What a table looks like, and rows in the form that the database takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

VERSION_KEY = b"holdfast:version"
"""Stands in the metadata of the key's column."""

ColumnType: TypeAlias = Literal["text", "texts", "count", "number", "flag", "vector"]
IndexType: TypeAlias = Literal["btree", "bitmap", "labels", "words"]
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table's columns, the first being its key; `derived` means that files can rebuild it."""

    name: str
    version: int
    columns: Mapping[str, ColumnType]
    indexes: Mapping[str, IndexType] = field(default_factory=dict)
    derived: bool = True
    dimension: int = 0

    @property
    def key(self) -> str:
        return next(iter(self.columns))


def to_arrow(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    import numpy as np  # noqa: PLC0415 - heavy: loaded when memory is used
    import pyarrow as pa  # noqa: PLC0415

    columns: list[Any] = []
    for column in schema:
        values = [row[column.name] for row in rows]
        if column.name == "vector":
            flat = pa.array(np.asarray(values, dtype=np.float16).ravel())
            columns.append(pa.FixedSizeListArray.from_arrays(flat, column.type.list_size))
        else:
            columns.append(pa.array(values, column.type))
    return pa.Table.from_arrays(columns, schema=schema)


def without(table: pa.Table, key: str, values: Collection[str]) -> pa.Table:
    """The rows that have none of these values in the column `key`."""
    import pyarrow as pa  # noqa: PLC0415 - heavy: loaded when memory is used
    import pyarrow.compute as pc  # type: ignore[import-untyped]  # noqa: PLC0415

    gone = pc.is_in(table[key], value_set=pa.array(sorted(values), table.schema.field(key).type))
    return table.filter(pc.invert(gone))


EMPTY: Mapping[ColumnType, str] = {
    "text": "cast('' as string)",
    "texts": "cast(null as array<string>)",
    "count": "cast(0 as bigint)",
    "number": "cast(0 as double)",
    "flag": "false",
}


def arrow_schema(layout: TableSchema) -> pa.Schema:
    """Needs pyarrow loaded."""
    import pyarrow as pa  # noqa: PLC0415 - heavy: loaded when memory is used

    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "count": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
    }
    if layout.dimension:
        types["vector"] = pa.list_(pa.float16(), layout.dimension)
    version = {VERSION_KEY: str(layout.version).encode()}
    return pa.schema(
        [
            pa.field(name, types[kind])
            if name != layout.key
            else pa.field(name, types[kind], nullable=False, metadata=version)
            for name, kind in layout.columns.items()
        ]
    )
