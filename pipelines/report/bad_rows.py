"""Every bad row of a batch, one line per finding, masked: what the workbook and examples show."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.clean.masking import mask
from pipelines.contracts import Source
from pipelines.standards.elements import Mask, load_elements

# What was found may be more sensitive than the column is meant to be.
BY_RULE: Mapping[str, Mask] = {"CITIZEN_ID_IN_USCC": "identity_number"}


def bad_rows(staged: ir.Table, quarantined: ir.Table, source: Source) -> ir.Table:
    """List every finding of severity error or warning, and every reason for quarantine.

    Args:
        staged: One batch of ``staged.<source>``.
        quarantined: The same batch of ``quarantine.<source>``.
        source: The contract; gives each column's element and so its mask.

    Returns:
        Columns ``file, line, source_key, column, rule, severity, value, is_quarantined``; ``value``
        and ``source_key`` are masked as their elements demand. ``column`` is NULL for a reason that
        concerns the whole row.
    """
    found = _findings(staged, quarantined=False).union(_findings(quarantined, quarantined=True))
    return _masked(found.union(_reasons(quarantined)), source)


def examples(rows: ir.Table, per_group: int = 3) -> ir.Table:
    """The first ``per_group`` bad rows of each column and rule, in the order of the delivery."""
    rank = ibis.row_number().over(group_by=["column", "rule"], order_by=["file", "line", "value"])
    return rows.mutate(rank=rank).filter(lambda t: t["rank"] < per_group).drop("rank")


def _findings(rows: ir.Table, *, quarantined: bool) -> ir.Table:
    each = rows.select(
        file=rows["_file"],
        line=rows["_line"],
        source_key=rows["source_key"],
        finding=rows["findings"].unnest(),
    )
    finding = each["finding"]
    listed = each.select(
        "file",
        "line",
        "source_key",
        column=finding["column"],
        rule=finding["rule"],
        severity=finding["severity"],
        value=finding["value"],
        is_quarantined=ibis.literal(quarantined),
    )
    return listed.filter(listed.severity != "info")


def _reasons(quarantined: ir.Table) -> ir.Table:
    each = quarantined.select(
        file=quarantined["_file"],
        line=quarantined["_line"],
        source_key=quarantined["source_key"],
        column=ibis.null("string"),
        rule=quarantined["reasons"].unnest(),
    )
    return each.mutate(
        severity=ibis.literal("error"),
        value=ibis.null("string"),
        is_quarantined=ibis.literal(True),
    )


def _masked(rows: ir.Table, source: Source) -> ir.Table:
    masks = column_masks(source)
    branches = [(rows["rule"] == rule, mask(rows["value"], kind)) for rule, kind in BY_RULE.items()]
    branches += [
        (rows["column"] == name, mask(rows["value"], kind))
        for name, kind in masks.items()
        if kind != "none"
    ]
    value = ibis.cases(*branches, else_=rows["value"])
    return rows.mutate(value=value, source_key=mask(rows["source_key"], key_mask(source)))


def column_masks(source: Source) -> Mapping[str, Mask]:
    """How each mapped column must be masked before a person outside the database sees it."""
    elements = load_elements()
    return {c.name: elements[c.element].mask if c.element else "none" for c in source.columns}


def key_mask(source: Source) -> Mask:
    """How the record key must be masked: by its element, or wholly if it is made of several."""
    masks = {column_masks(source)[column.name] for column in source.key_columns} - {"none"}
    if not masks:
        return "none"
    return masks.pop() if len(source.key_columns) == 1 else "all"
