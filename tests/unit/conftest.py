"""An engine, and tables written as rows."""

import ibis
import pyarrow as pa
import pytest

from pipelines.engines import kept_sql
from pipelines.records import LINEAGE


@pytest.fixture(scope="session")
def con():
    return kept_sql.connect(threads=1)


@pytest.fixture(scope="session")
def table_of():
    def make(rows, schema):
        columns = {name: [_text(row.get(name)) for row in rows] for name in schema}
        arrow = pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
        return ibis.memtable(arrow).cast(dict(schema))

    return make


@pytest.fixture(scope="session")
def records_of(table_of):
    def make(library, rows):
        filled = [{"since_batch": "20260630", "batch": "20260630", **row} for row in rows]
        return table_of(filled, {**LINEAGE, **library.record_columns})

    return make


def _text(value):
    return None if value is None else str(value)
