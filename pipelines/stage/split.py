"""Split parsed rows into staged, quarantined and superseded, so that the counts add up."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.contracts import Source


@dataclass(frozen=True)
class Split:
    """The three destinies of a delivered row; every row has exactly one."""

    staged: ir.Table
    quarantined: ir.Table
    superseded: ir.Table


def split_rows(parsed: ir.Table, source: Source) -> Split:
    """Decide each row's destiny.

    Args:
        parsed: What ``parse_rows`` made; should be materialised, it is read three times.
        source: The contract; its ``changed_at`` column says which version of a record is newer.

    Returns:
        Staged rows without the working columns, one per ``source_key``; quarantined rows with
        reasons, findings and the row as delivered; the older versions that were superseded. Of two
        versions without a change time, the one delivered later stands.
    """
    usable = parsed.filter(parsed.reject_reasons.length() == 0).drop("reject_reasons", "record")
    order = [usable["_file"].desc(), usable["_line"].desc()]
    if source.changed_at:
        order = [usable[source.changed_at].desc(nulls_first=False), *order]
    version = ibis.row_number().over(group_by=usable.source_key, order_by=order)
    ranked = usable.mutate(version_rank=version)
    rejected = parsed.filter(parsed.reject_reasons.length() > 0)
    return Split(
        staged=ranked.filter(ranked.version_rank == 0).drop("version_rank"),
        superseded=ranked.filter(ranked.version_rank > 0).select("_batch", "_file", "_line"),
        quarantined=rejected.select(
            "_batch",
            "_file",
            "_line",
            "source_key",
            "findings",
            "record",
            reasons=rejected.reject_reasons,
        ),
    )
