"""The finding profile of a batch: the facts that the ``findings`` suites hold policy over.

One small, long table for every source, so that one default suite serves all of them. A row says how
many rows of the batch something is true of:

================== ====================================================================== ==========
``measure``        true of a row if                                                       of
================== ====================================================================== ==========
finding            it breaks ``rule`` in ``column_name``                                  delivered
column_with_error  ``column_name`` has an error other than a placeholder                  delivered
column_missing     ``column_name`` has no usable value                                    staged
quarantine_reason  it was quarantined for ``rule``                                        delivered
quarantined        it was quarantined                                                     delivered
================== ====================================================================== ==========

"Delivered" is staged and quarantined rows together; superseded versions are not counted, nor are
rows that are no records (a header within, a total below): nothing is lost with them. A placeholder
(无, 不详) is a missing value rather than a wrong one, and counts as missing.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
from ibis import selectors

from pipelines.contracts.source import Source
from pipelines.standards.rules import rules_of_no_record

PROFILE_SCHEMA = ibis.schema(
    {
        "measure": "string",
        "column_name": "string",
        "element": "string",
        "required": "boolean",
        "rule": "string",
        "severity": "string",
        "row_count": "int64",
        "share": "float64",
    }
)
_PLACEHOLDER = "PLACEHOLDER"


def finding_profile(staged: ir.Table, quarantined: ir.Table, source: Source) -> ir.Table:
    """Measure one batch.

    Args:
        staged: One batch of ``staged.<source>``.
        quarantined: The same batch of ``quarantine.<source>``.
        source: The contract; says which element a column carries and whether it is required.

    Returns:
        ``PROFILE_SCHEMA``. ``column_with_error`` and ``column_missing`` have one row per mapped
        column and ``quarantined`` one row, be it with 0; the others only what occurs.
    """
    columns = _columns(source)
    every = ibis.union(_found(staged), _found(quarantined))
    size = _sizes(staged, _records(quarantined))
    counted = ibis.union(
        _findings(every, columns),
        _columns_with_error(every, columns),
        _reasons(quarantined),
        _quarantined(size),
    )
    delivered = counted.cross_join(size.select(total=size.staged + size.quarantined))
    missing = _columns_missing(staged, source, columns).cross_join(size.select(total=size.staged))
    measured = ibis.union(delivered, missing)
    share = ibis.ifelse(
        measured.total > 0, measured.row_count.cast("float64") / measured.total, 0.0
    )
    return measured.mutate(share=share).select(*PROFILE_SCHEMA.names).cast(PROFILE_SCHEMA)


def _columns(source: Source) -> ir.Table:
    """The mapped columns as a table: column_name, element, required."""
    mapped = {
        "column_name": [column.name for column in source.columns],
        "element": [column.element for column in source.columns],
        "required": [column.required for column in source.columns],
    }
    schema = {"column_name": "string", "element": "string", "required": "boolean"}
    return ibis.memtable(mapped, schema=ibis.schema(schema))


def _found(rows: ir.Table) -> ir.Table:
    """One row per finding: where it is, and its column, rule and severity."""
    each = rows.select("_file", "_line", finding=rows.findings.unnest())
    return each.select(
        "_file",
        "_line",
        column_name=each.finding["column"],
        rule=each.finding["rule"],
        severity=each.finding["severity"],
    )


def _records(quarantined: ir.Table) -> ir.Table:
    """Quarantined rows without those that are no records."""
    none = rules_of_no_record()
    others = quarantined.reasons.filter(lambda reason: reason.notin(none))
    return quarantined.filter(others.length() > 0)


def _sizes(staged: ir.Table, quarantined: ir.Table) -> ir.Table:
    """One row: how many rows were staged, how many quarantined."""
    return staged.aggregate(staged=staged.count()).cross_join(
        quarantined.aggregate(quarantined=quarantined.count())
    )


def _findings(every: ir.Table, columns: ir.Table) -> ir.Table:
    counted = every.group_by("column_name", "rule", "severity").aggregate(
        row_count=lambda finding: finding.count()
    )
    with_element = counted.left_join(columns, "column_name").drop("column_name_right")
    return _as_measure("finding", with_element)


def _columns_with_error(every: ir.Table, columns: ir.Table) -> ir.Table:
    wrong = every.filter(every.severity == "error", every.rule != _PLACEHOLDER)
    rows = wrong.select("_file", "_line", "column_name").distinct()
    counted = rows.group_by("column_name").aggregate(row_count=rows.count())
    per_column = columns.left_join(counted, "column_name").drop("column_name_right")
    filled = per_column.mutate(row_count=per_column.row_count.fill_null(0), severity=_text("error"))
    return _as_measure("column_with_error", filled)


def _columns_missing(staged: ir.Table, source: Source, columns: ir.Table) -> ir.Table:
    empty = {c.name: staged[c.name].isnull().sum().fill_null(0) for c in source.columns}
    counted = staged.aggregate(**empty).pivot_longer(
        selectors.all(), names_to="column_name", values_to="row_count"
    )
    with_element = counted.left_join(columns, "column_name").drop("column_name_right")
    return _as_measure("column_missing", with_element)


def _reasons(quarantined: ir.Table) -> ir.Table:
    each = quarantined.select(rule=quarantined.reasons.unnest())
    counted = each.group_by("rule").aggregate(row_count=each.count())
    return _as_measure("quarantine_reason", counted)


def _quarantined(size: ir.Table) -> ir.Table:
    return _as_measure("quarantined", size.select(row_count=size.quarantined))


def _as_measure(measure: str, counted: ir.Table) -> ir.Table:
    """Bring a count into the common shape; what it does not have is NULL."""
    have: Mapping[str, ir.Value] = {name: counted[name] for name in counted.columns}
    return counted.select(
        **{
            name: have.get(name, ibis.null(kind)).cast(kind)
            for name, kind in PROFILE_SCHEMA.items()
            if name not in {"measure", "share"}
        },
        measure=_text(measure),
    )


def _text(value: str) -> ir.Value:
    return ibis.literal(value, type="string")
