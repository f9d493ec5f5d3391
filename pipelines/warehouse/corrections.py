"""``quality.correction``: what owners have answered about single values."""

import pyarrow as pa
from sqlalchemy import Engine, text

from pipelines.stage.overlay import LEDGER_SCHEMA

_TYPES = {"int64": pa.int64(), "string": pa.string()}


def read_ledger(engine: Engine, source: str) -> pa.Table:
    """Every entry of a source, also the retired ones, for they hold for older batches still."""
    columns = ", ".join(LEDGER_SCHEMA)
    query = text(
        f"SELECT {columns} FROM quality.correction"  # noqa: S608 - names of a schema
        " WHERE source = :source ORDER BY id"
    )
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query, {"source": source}).mappings()]
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in LEDGER_SCHEMA.items()])
    return pa.Table.from_pylist(rows, schema)
