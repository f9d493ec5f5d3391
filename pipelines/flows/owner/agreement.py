"""Corrections of disagreements: whether the corrected value is now what the other side has."""

import ibis
import ibis.expr.types as ir

from pipelines.compare.codes import codes_agree
from pipelines.compare.values import normal_form
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session
from pipelines.libraries import load_library
from pipelines.quality.discrepancy import DISAGREES
from pipelines.standards.code_tables import is_hierarchical


def agreement_with_others(
    session: Session, source: Source, candidates: ir.Table, parsed: ir.Table
) -> ir.Table | None:
    """``fingerprint, target, agrees`` of corrections to what differs from another department.

    Args:
        session: Where the library's comparison is.
        source: Whose corrections.
        candidates: Rows with ``fingerprint, target, rule, file, line``.
        parsed: The rows of the batch, parsed with the corrections in their place.

    Returns:
        None where nothing was compared yet.
    """
    library = load_library(source.library)
    table = f"identity.{library.entity}_finding"
    names = [column.name for column in source.columns if column.name in library.columns]
    if not names or not session.lake.has(table):
        return None
    found = session.lake.read(session.con, table)
    theirs = found.filter(found.source == source.name, found.rule == DISAGREES).select(
        "source_key", target="column_name", theirs="other_value"
    )
    place = ["file", "line", "target"]
    asked = candidates.filter(candidates.rule == DISAGREES).select("fingerprint", *place)
    agreed = []
    for name in names:
        mine = parsed.select(
            "source_key",
            file="_file",
            line=parsed["_line"].cast("int64"),
            target=ibis.literal(name),
            mine=parsed[name].cast("string"),
        )
        both = asked.inner_join(mine, place).inner_join(theirs, ["source_key", "target"])
        agrees = _agree(both.mine, both.theirs, library.columns[name].element_name,
                        library.columns[name].element.code_table)  # fmt: skip
        agreed.append(both.select("fingerprint", "target", agrees=agrees.fill_null(False)))
    each = ibis.union(*agreed, distinct=False) if len(agreed) > 1 else agreed[0]
    return each.group_by("fingerprint", "target").agg(agrees=each.agrees.all())


def _agree(
    mine: ir.StringValue, theirs: ir.StringValue, element: str, table: str | None
) -> ir.BooleanValue:
    """As the comparison of the library sees it: spelling is no difference, a parent code agrees."""
    same = (mine == theirs) | (normal_form(mine, element) == normal_form(theirs, element))
    if table is not None and is_hierarchical(table):
        same |= codes_agree(mine, theirs, table)
    return same
