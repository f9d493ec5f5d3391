"""Records for resolution, written as a reader would tell them: only what a record says."""

from collections.abc import Callable, Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from pipelines.engines import kept_sql
from pipelines.libraries import Library
from pipelines.records import LINEAGE

Row = Mapping[str, object]


@pytest.fixture(scope="session")
def con():
    """One engine for all tests of a worker; ``resolve`` cleans up behind itself."""
    return kept_sql.connect(threads=1)


@pytest.fixture(scope="session")
def records_of() -> Callable[[Library, Sequence[Row]], ir.Table]:
    def make(library: Library, rows: Sequence[Row]) -> ir.Table:
        schema = {**LINEAGE, **library.record_columns}
        filled = [{"since_batch": "20260630", "batch": "20260630", **row} for row in rows]
        texts = {name: [_text(row.get(name)) for row in filled] for name in schema}
        arrow = pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()})
        return ibis.memtable(arrow).cast(schema)

    return make


def _text(value: object) -> str | None:
    return None if value is None else str(value)
