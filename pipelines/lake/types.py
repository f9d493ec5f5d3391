"""Which column types the lake stores: those that Parquet, Iceberg, DuckDB and Spark all have."""

import ibis.expr.datatypes as dt
import ibis.expr.types as ir


def storable(rows: ir.Table) -> ir.Table:
    """Cast columns whose type Iceberg lacks to the next one that it has, without loss."""
    cast = {name: _stored_type(kind) for name, kind in rows.schema().items()}
    changed = {name: kind for name, kind in cast.items() if kind != rows.schema()[name]}
    return rows.cast(changed) if changed else rows


def _stored_type(kind: dt.DataType) -> dt.DataType:
    if isinstance(kind, (dt.Int8, dt.Int16, dt.UInt8, dt.UInt16)):
        return dt.Int32(nullable=kind.nullable)
    if isinstance(kind, (dt.UInt32, dt.UInt64)):
        return dt.Int64(nullable=kind.nullable)
    if isinstance(kind, dt.Null):
        return dt.string
    if isinstance(kind, dt.Timestamp) and kind.scale not in (None, 6):
        return dt.Timestamp(timezone=kind.timezone, scale=6, nullable=kind.nullable)
    if isinstance(kind, dt.Array):
        return dt.Array(_stored_type(kind.value_type), nullable=kind.nullable)
    if isinstance(kind, dt.Struct):
        fields = {name: _stored_type(field) for name, field in kind.items()}
        return dt.Struct(fields, nullable=kind.nullable)
    return kind
