"""Survivorship of hierarchical codes: of a value and its more exact form, the more exact one wins.

The authority decides what is true; another department may say the same more exactly. The golden
value is then the most exact form of what the authority said, and its provenance the record with it.
"""

import ibis
import ibis.expr.types as ir

from pipelines.compare.codes import exactness, is_broader
from pipelines.libraries import GoldenColumn

_EXACTER = "__exacter"


def prefer_exact(core: ir.Table, ranked: ir.Table, column: GoldenColumn) -> ir.Table:
    """The golden records with a more exact code of one column, where a record has it.

    Args:
        core: Golden records by ``entity_id``, with the column, its companions and provenance.
        ranked: ``entity_id``, the column, its companions, ``record_no`` and ``rank`` (smaller is
            better) of each record that may say something about its entity.
        column: One with a hierarchical code table.
    """
    name, table = column.name, column.element.code_table or ""
    golden = core.select("entity_id", golden=core[name])
    joined = ranked.inner_join(golden, "entity_id")
    exacter = joined.filter(is_broader(joined.golden, joined[name], table))
    order = [exactness(exacter[name], table).desc(), exacter["rank"]]
    place = ibis.row_number().over(group_by=exacter.entity_id, order_by=order)
    best = exacter.mutate(place=place).filter(ibis._.place == 0)
    values = {n: best[n] for n in (name, *column.companion_types)}
    values[f"{name}_record"] = best.record_no.cast("int16")
    found = best.select("entity_id", **{f"{n}{_EXACTER}": value for n, value in values.items()})
    both = core.left_join(found, "entity_id").drop("entity_id_right")
    taken = both[f"{name}{_EXACTER}"].notnull()
    replaced = {n: ibis.ifelse(taken, both[f"{n}{_EXACTER}"], both[n]) for n in values}
    return both.mutate(**replaced).drop(*(f"{n}{_EXACTER}" for n in values))
