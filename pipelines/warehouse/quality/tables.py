"""Tables of schema ``quality`` from the classes of their rows; made by ``sql/versions``.

A table stands beside the class that its rows are read into. A test compares all of them with the
migrated database: names, types, and what may be null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    cast,
    collate,
    delete,
    func,
    insert,
)
from sqlalchemy.dialects.postgresql import JSONB

from pipelines.warehouse.server.locks import take_lock

METADATA = MetaData(schema="quality")
Int4 = Annotated[int, Integer()]
Json = Annotated[object, JSONB()]

_COLUMN_TYPES: Mapping[object, Any] = {
    str: Text(),
    Literal: Text(),
    int: BigInteger(),
    float: Double(),
    bool: Boolean(),
    date: Date(),
    datetime: DateTime(timezone=True),
    Sequence: ARRAY(Text()),
    Mapping: JSONB(),
    dict: JSONB(),
}
_COLUMN_NAMES = {"column": "column_name"}  # COLUMN is a reserved word of SQL


def quality_table(name: str, *records: type, **columns: object) -> Table:
    """A table with a column for each field of ``records``, and ``columns``.

    Args:
        name: Of the table, without the schema.
        records: Dataclasses; a column has the name and the type of its field.
        columns: Types of the columns that no record has, or has with another type.
    """
    hints: dict[str, object] = {}
    for record in records:
        hints |= get_type_hints(record, include_extras=True)
    return Table(name, METADATA, *(_column(*each) for each in (hints | columns).items()))


def replace_rows(
    engine: Engine,
    table: Table,
    replaced: ColumnElement[bool],
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Put ``rows`` in the place of those that are there; two at once do it one after the other.

    Without the lock neither would see what the other has just written, and the second would fail
    at the key.
    """
    with engine.begin() as connection:
        take_lock(connection, f"replace {table.name}")
        connection.execute(delete(table).where(replaced))
        if rows:
            connection.execute(insert(table), rows)


def record_columns(table: Table, record: type) -> list[ColumnElement[Any]]:
    """The columns of a record, named like its fields and in their order."""
    names = [field.name for field in fields(record)]
    return [table.c[_COLUMN_NAMES.get(name, name)].label(name) for name in names]


def delivered_order(batch: ColumnElement[str]) -> ColumnElement[str]:
    """``batch_key`` of ``pipelines/batch.py``: batch ids in the order in which they came."""
    length = func.lpad(cast(func.length(batch), Text), 2, "0")
    return collate(func.concat(func.left(batch, 8), length, batch), "C")


def _column(name: str, hint: Any) -> Column[Any]:
    is_optional = NoneType in get_args(hint)
    (kind,) = set(get_args(hint)) - {NoneType} if is_optional else {hint}
    return Column(_COLUMN_NAMES.get(name, name), _column_type(kind), nullable=is_optional)


def _column_type(kind: Any) -> Any:
    origin = get_origin(kind)
    return kind.__metadata__[0] if origin is Annotated else _COLUMN_TYPES[origin or kind]
