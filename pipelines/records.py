"""Library records: the current records of all sources, in the columns of a library."""

from collections.abc import Mapping
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.contracts.source import Delivery
from pipelines.libraries import Library

SEVERAL = "；"  # between the texts of a list that becomes one text
LINEAGE = {
    "source": "string",
    "source_key": "string",
    "since_batch": "string",
    "batch": "string",
    "changed_at": "timestamp",
}


def batch_order(batch: ir.StringValue) -> ir.StringValue:
    """Text that sorts as batches were delivered: 20260630-10 after 20260630-2."""
    suffix = batch.substr(8)
    return batch.substr(0, 8) + suffix.length().cast("string").lpad(2, "0") + suffix


def batch_of_order(order: ir.StringValue) -> ir.StringValue:
    """The batch id that ``batch_order`` was made of."""
    return order.substr(0, 8) + order.substr(10)


def current_records(staged: ir.Table, delivery: Delivery) -> ir.Table:
    """The current records of a source, out of every batch that it delivered.

    Args:
        staged: ``staged.<source>``, all batches; at most one row per ``source_key`` and batch.
        delivery: ``snapshot``: the latest batch is the whole truth, and a record that is not in it
            is gone. ``delta``: the latest version of each record counts, by ``changed_at``, then
            batch, file and line.

    Returns:
        ``staged`` with one row per ``source_key`` and ``since_batch``, the first batch it was in.
    """
    first = staged.group_by("source_key").agg(since_order=batch_order(staged["_batch"]).min())
    rows = _latest_batch(staged) if delivery == "snapshot" else _latest_versions(staged)
    joined = rows.inner_join(first, "source_key")
    return joined.mutate(since_batch=batch_of_order(joined.since_order)).drop("since_order")


def library_records(records: Mapping[str, ir.Table], library: Library) -> ir.Table:
    """All current records of a library's sources, one row per source record.

    Args:
        records: Source name to its ``current_records``. A column that a source lacks is NULL.
        library: Whose golden columns to align to.

    Returns:
        ``source, source_key, since_batch, batch, changed_at`` and ``library.record_columns``.
    """
    aligned = [_align(name, table, library) for name, table in sorted(records.items())]
    return reduce(lambda left, right: left.union(right, distinct=False), aligned)


def _align(source: str, table: ir.Table, library: Library) -> ir.Table:
    lineage = {
        "source": ibis.literal(source),
        "source_key": table.source_key,
        "since_batch": table.since_batch,
        "batch": table["_batch"],
        "changed_at": _or_null(table, "changed_at", "timestamp"),
    }
    columns = {name: _or_null(table, name, kind) for name, kind in library.record_columns.items()}
    return table.select(**lineage, **columns)


def _or_null(table: ir.Table, column: str, kind: str) -> ir.Value:
    if column not in table.columns:
        return ibis.null(kind)
    value = table[column]
    if value.type().is_array() and kind == "string":
        return value.join(SEVERAL).nullif("")
    return value.cast(kind)


def _latest_batch(staged: ir.Table) -> ir.Table:
    order = batch_order(staged["_batch"])
    return staged.filter(order == order.max().as_scalar())


def _latest_versions(staged: ir.Table) -> ir.Table:
    order = [
        batch_order(staged["_batch"]).desc(),
        staged["_file"].desc(),
        staged["_line"].desc(),
    ]
    if "changed_at" in staged.columns:
        order = [staged.changed_at.desc(nulls_first=False), *order]
    version = ibis.row_number().over(group_by=staged.source_key, order_by=order)
    ranked = staged.mutate(version_rank=version)
    return ranked.filter(ranked.version_rank == 0).drop("version_rank")
