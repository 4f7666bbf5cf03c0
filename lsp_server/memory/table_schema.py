"""This module says which columns a table has, and turns dataclasses into its rows and back.

A record is declared once, as a frozen dataclass: `record_schema` derives the
columns from its fields. A new field is a new column, so raise the version of the
table with it: tables whose rows come from files are then made again, the others
get the column, empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, get_type_hints

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)
else:
    R = TypeVar("R")

VERSION_KEY = b"holdfast:version"
"""The metadata of the key's column have the table's version under this name."""

ColumnType: TypeAlias = Literal["text", "texts", "lines", "count", "number", "flag", "vector"]
"""`texts` is a list; `lines` is one too, stored as a text with a line for each item that is not
empty."""
IndexType: TypeAlias = Literal["btree", "bitmap", "labels", "words"]
Row: TypeAlias = dict[str, Any]

COLUMN_TYPES: Mapping[object, ColumnType] = MappingProxyType(
    {str: "text", bool: "flag", int: "count", float: "number", tuple[str, ...]: "texts"}
)
"""The column of a field by its annotation; a `Literal` is a text."""
EMPTY_VALUES: Mapping[ColumnType, str] = MappingProxyType(
    {
        "text": "cast('' as string)",
        "texts": "cast(null as array<string>)",
        "lines": "cast('' as string)",
        "count": "cast(0 as bigint)",
        "number": "cast(0 as double)",
        "flag": "false",
    }
)
"""A new column of an old table is filled with this expression of SQL."""


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """A `VectorIndex` says how the column `vector` is indexed, and how nearness is found out.

    The index has `bits` for each number of a vector. Vectors are compared by `metric`; those
    compared by `l2` have length 1. With `refine`, so many times the wanted ones are read whole
    and compared again; with 0 what the index has of them is enough.
    """

    metric: Literal["cosine", "l2"] = "cosine"
    bits: int = 1
    refine: int = 3

    def cosine(self, distance: float) -> float:
        """Returns the cosine of two vectors from the distance that LanceDB gives.

        >>> VectorIndex("cosine").cosine(0.5), VectorIndex("l2").cosine(0.5)
        (0.5, 0.75)
        """
        # Of vectors of length 1, LanceDB's `l2` is the square of the distance.
        return 1.0 - distance if self.metric == "cosine" else 1.0 - distance / 2.0


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A `TableSchema` names the columns of a table, its key first, and the indexes over them.

    The rows of `derived` tables come from files, and can be read from them again.
    `dimension` is the length of the column `vector`, 0 for tables that have none.
    """

    name: str
    version: int
    columns: Mapping[str, ColumnType]
    indexes: Mapping[str, IndexType] = field(default_factory=dict)
    derived: bool = True
    dimension: int = 0
    vector_index: VectorIndex = VectorIndex()

    @property
    def key(self) -> str:
        """Returns the name of the column that identifies a row."""
        return next(iter(self.columns))


@dataclass(frozen=True, slots=True)
class RecordSchema(Generic[R]):
    """A `RecordSchema` maps the rows of a table to records of one dataclass and back.

    >>> @dataclass(frozen=True)
    ... class Pin:
    ...     id: str
    ...     tags: tuple[str, ...] = ()
    >>> pins = record_schema("pins", 1, Pin, computed={"words": "text"}, lines=("tags",))
    >>> row = pins.row(Pin("p", ("a", "b")), words="a b")
    >>> row
    {'id': 'p', 'tags': 'a\\nb', 'words': 'a b'}
    >>> pins.record(row)
    Pin(id='p', tags=('a', 'b'))
    """

    table: TableSchema
    record_type: type[R]
    fields: tuple[tuple[str, ColumnType], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Returns the names of the columns that make a record; select these to call `record`."""
        return tuple(name for name, _ in self.fields)

    def row(self, record: R, **computed: object) -> Row:
        """Returns the row of a record; `computed` are the values of all other columns."""
        values = {name: _to_column(getattr(record, name), kind) for name, kind in self.fields}
        return values | computed

    def record(self, row: Row) -> R:
        """Returns the record of a row, which may have more columns."""
        return self.record_type(
            **{name: _from_column(row[name], kind) for name, kind in self.fields}
        )


def record_schema(
    name: str,
    version: int,
    record_type: type[R],
    *,
    computed: Mapping[str, ColumnType] = MappingProxyType({}),
    lines: Collection[str] = (),
    indexes: Mapping[str, IndexType] = MappingProxyType({}),
    derived: bool = True,
) -> RecordSchema[R]:
    """Returns the schema of a table with a column for each field of the dataclass `record_type`.

    The first field is the key. `lines` names the fields that are stored as one
    text, `computed` the columns that no field holds. Raises KeyError for a field
    of a type that has no column.
    """
    hints = get_type_hints(record_type)
    columns = tuple(
        (one.name, "lines" if one.name in lines else _column_type(hints[one.name]))
        for one in fields(record_type)
    )
    table = TableSchema(name, version, {**dict(columns), **computed}, indexes, derived)
    return RecordSchema(table, record_type, columns)


def _column_type(annotation: object) -> ColumnType:
    is_literal = getattr(annotation, "__origin__", None) is Literal
    return "text" if is_literal else COLUMN_TYPES[annotation]


def _to_column(value: Any, kind: ColumnType) -> object:
    match kind:
        case "texts":
            return list(value)
        case "lines":
            return "\n".join(value)
        case _:
            return value


def _from_column(value: Any, kind: ColumnType) -> object:
    match kind:
        case "texts":
            return tuple(value or ())
        case "lines":
            return tuple(filter(None, value.split("\n")))
        case _:
            return value


def arrow_schema(schema: TableSchema) -> pa.Schema:
    """Returns the schema as LanceDB takes it. Imports pyarrow."""
    import pyarrow as pa  # noqa: PLC0415 - heavy: loaded when memory is used

    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "lines": pa.string(),
        "count": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
    }
    if schema.dimension:
        types["vector"] = pa.list_(pa.float16(), schema.dimension)
    version = {VERSION_KEY: str(schema.version).encode()}
    return pa.schema(
        [
            pa.field(name, types[kind])
            if name != schema.key
            else pa.field(name, types[kind], nullable=False, metadata=version)
            for name, kind in schema.columns.items()
        ]
    )


def to_arrow(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Returns the rows in the form in which LanceDB writes them. Blocking; imports pyarrow."""
    import numpy as np  # noqa: PLC0415 - heavy: loaded when memory is used
    import pyarrow as pa  # noqa: PLC0415

    columns: list[Any] = []
    for column in schema:
        values = [row[column.name] for row in rows]
        if column.name == "vector":
            # Half precision: 73 MiB instead of 147 for 100,000 vectors of 384, at the same recall.
            flat = pa.array(np.asarray(values, dtype=np.float16).ravel())
            columns.append(pa.FixedSizeListArray.from_arrays(flat, column.type.list_size))
        else:
            # Typed by the table: a column without values would get a type of its own.
            columns.append(pa.array(values, column.type))
    return pa.Table.from_arrays(columns, schema=schema)


def drop_rows(table: pa.Table, key: str, values: Collection[str]) -> pa.Table:
    """Returns the rows that have none of these values in the column `key`. Blocking."""
    import pyarrow as pa  # noqa: PLC0415 - heavy: loaded when memory is used
    import pyarrow.compute as pc  # type: ignore[import-untyped]  # noqa: PLC0415

    gone = pc.is_in(table[key], value_set=pa.array(sorted(values), table.schema.field(key).type))
    return table.filter(pc.invert(gone))
