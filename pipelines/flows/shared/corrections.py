"""The correction ledger laid over a batch while it is staged."""

from collections.abc import Iterator
from contextlib import contextmanager

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.batch import batch_date
from pipelines.contracts.source import Source
from pipelines.flows.shared.parsing import matched_ledger
from pipelines.flows.shared.session import Session
from pipelines.stage import applicable, overlay
from pipelines.stage.overlay import LEDGER_SCHEMA
from pipelines.warehouse.people.corrections import read_ledger


@contextmanager
def with_corrections(
    session: Session, raw: ir.Table, source: Source, batch: str
) -> Iterator[ir.Table]:
    """``raw`` with what the source's owner has answered beside it; ``raw`` itself if nothing."""
    ledger = read_ledger(session.warehouse, source.name)
    if not ledger.num_rows:
        yield raw
        return
    entries = applicable(ledger_table(ledger), batch)
    with matched_ledger(session, raw, entries, source, batch_date(batch)) as matched:
        corrected = set(ledger.column("column_name").to_pylist())
        columns = [column for column in source.columns if column.name in corrected]
        yield overlay(raw, matched, columns)


def ledger_table(ledger: pa.Table) -> ir.Table:
    """Rows of the ledger as a table of the engine."""
    return ibis.memtable(ledger, schema=ibis.schema(LEDGER_SCHEMA))
