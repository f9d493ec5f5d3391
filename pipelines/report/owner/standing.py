"""Corrections that stand in for what a source still delivers wrong (代用中，尚未在业务系统更正)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from pipelines.clean.masking import hide_numbers, mask
from pipelines.contracts.source import Source
from pipelines.report.owner.bad_rows import key_mask
from pipelines.stage.overlay import CORRECTED

SHOWN: Final = 3  # records that are named of each column


@dataclass(frozen=True)
class Standing:
    """How many values of a column are used as corrected, and some of their records (masked)."""

    column: str  # its title
    values: int
    records: Sequence[str]


def standing_corrections(staged: ir.Table, source: Source) -> ir.Table:
    """``column, values, records`` of a staged batch, most values first.

    Args:
        staged: One batch of ``staged.<source>``.
        source: The contract; gives the mask of keys.
    """
    each = staged.select("source_key", finding=staged.findings.unnest())
    corrected = each.filter(each.finding["rule"] == CORRECTED)
    shown = corrected.select(
        "source_key",
        column=corrected.finding["column"],
        record=hide_numbers(mask(corrected.source_key, key_mask(source))),
    )
    place = ibis.row_number().over(group_by="column", order_by="source_key")
    ranked = shown.mutate(place=place)
    counted = ranked.group_by("column").agg(
        values=ranked.count(),
        records=ranked.record.collect(where=ranked.place < SHOWN, order_by=[ranked.place]),
    )
    return counted.order_by([counted["values"].desc(), counted["column"]])
