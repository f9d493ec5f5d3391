"""Read Parquet files as Arrow batches with the column types of a table of ``base``."""

from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from pipelines.engines.duck import arrow_reader
from pipelines.warehouse.base.tables import BaseTable, ibis_type

_ROWS_PER_BATCH = 50_000  # some 20 MB of golden records: the copy never waits, memory stays small
_NUL = "\x00"  # PostgreSQL's text cannot hold it; shown as the symbol for it, as editors do
_NUL_SYMBOL = "\u2400"


def arrow_batches(
    con: Backend, table: BaseTable, paths: Sequence[Path], batch_size: int = _ROWS_PER_BATCH
) -> pa.RecordBatchReader:
    """All rows of ``paths`` in their order, with exactly the columns of ``table``.

    A column that the files lack is NULL; one that the table lacks is left out.
    """
    stored = con.read_parquet([str(path) for path in paths], union_by_name=True)
    columns = {name: _column(stored, name, column.type) for name, column in table.columns.items()}
    return arrow_reader(con, stored.select(**columns), batch_size)


def _column(stored: ir.Table, name: str, postgres_type: str) -> ir.Value:
    kind = ibis_type(postgres_type)
    if name not in stored.columns:
        return ibis.null(kind)
    value = stored[name].cast(kind)
    return value.replace(_NUL, _NUL_SYMBOL) if kind.is_string() else value
