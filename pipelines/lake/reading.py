"""Parquet files as one Ibis table with the columns of an Iceberg schema."""

from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends import BaseBackend
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema


def read_files(con: BaseBackend, paths: Sequence[Path], schema: Schema) -> ir.Table:
    """The rows of ``paths``; columns are matched by name, and NULL where a file lacks one."""
    found = _register(con, paths)
    wanted = ibis.Schema.from_pyarrow(schema_to_pyarrow(schema, include_field_ids=False))
    return found.select(**{name: _column(found, name, kind) for name, kind in wanted.items()})


def _register(con: BaseBackend, paths: Sequence[Path]) -> ir.Table:
    if con.name == "pyspark":  # takes one path, which may be a pattern
        names = ",".join(path.name for path in paths)
        return con.read_parquet(f"{paths[0].parent}/{{{names}}}", mergeSchema=True)
    return con.read_parquet([str(path) for path in paths], union_by_name=True)


def _column(found: ir.Table, name: str, kind: dt.DataType) -> ir.Value:
    if name not in found.columns:
        return ibis.null(kind)
    column = found[name]
    return column if _same(column.type(), kind) else column.cast(kind)


def _same(left: dt.DataType, right: dt.DataType) -> bool:
    """Whether two types differ in nullability at most, which casting does not change."""
    return str(left).replace("!", "") == str(right).replace("!", "")
