"""Two records side by side, masked by element, with an agreement mark per column.

The marks are made from the values themselves, before any mask, so a steward can judge much of a
pair without seeing anybody's number.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.clean.masking import mask
from pipelines.libraries import GoldenColumn, Library

EQUAL, ONE_EDIT, DIFFERENT, ONE_SIDED, NOTHING = "＝", "≈", "≠", "—", ""
SIDES = ("left", "right")


def shown_columns(library: Library) -> Sequence[GoldenColumn]:
    """What of a record is put before a steward, in the order of the declaration."""
    return tuple(library.columns.values())


def side_by_side(
    pairs: ir.Table, records: ir.Table, library: Library, *, unmasked: bool = False
) -> ir.Table:
    """The values of both records of each pair.

    Args:
        pairs: ``question, left_source, left_key, right_source, right_key``.
        records: ``library_records``.
        library: Whose columns, and by their elements, masks.
        unmasked: Show values as they are.

    Returns:
        ``question`` and per column ``left_<column>, right_<column>`` (text, masked) and
        ``mark_<column>``, one of the marks above.
    """
    joined = pairs
    for side in SIDES:
        joined = joined.inner_join(
            _one_side(records, library, side), [f"{side}_source", f"{side}_key"]
        )
    shown: dict[str, ir.Value] = {"question": joined.question}
    for column in shown_columns(library):
        for side in SIDES:
            shown[f"{side}_{column.name}"] = _shown(
                joined[f"{side}_{column.name}"], column, unmasked
            )
        shown[f"mark_{column.name}"] = _mark(joined, column)
    return joined.select(**shown)


def shown_records(records: ir.Table, library: Library, *, unmasked: bool = False) -> ir.Table:
    """``source, source_key`` and every column of the library as text, masked by element."""
    columns = {c.name: _shown(_text(records, c.name), c, unmasked) for c in shown_columns(library)}
    return records.select("source", "source_key", **columns)


def _one_side(records: ir.Table, library: Library, side: str) -> ir.Table:
    values = {f"{side}_{c.name}": _text(records, c.name) for c in shown_columns(library)}
    compared = {f"{side}_is_{c.name}": _compared(records, c) for c in shown_columns(library)}
    lineage = {f"{side}_source": records.source, f"{side}_key": records.source_key}
    return records.select(**lineage, **values, **compared)


def _text(records: ir.Table, column: str) -> ir.StringValue:
    return records[column].cast("string")


def _compared(records: ir.Table, column: GoldenColumn) -> ir.StringValue:
    """What the resolver compares of a column: its key where it has one."""
    names = column.match_on or (column.name,)
    return ibis.coalesce(*(_text(records, name) for name in names))


def _shown(value: ir.StringValue, column: GoldenColumn, unmasked: bool) -> ir.StringValue:
    return value if unmasked else mask(value, column.element.mask)


def _mark(joined: ir.Table, column: GoldenColumn) -> ir.StringValue:
    left, right = (joined[f"{side}_is_{column.name}"] for side in SIDES)
    return ibis.cases(
        (left.isnull() & right.isnull(), NOTHING),
        (left.isnull() | right.isnull(), ONE_SIDED),
        (left == right, EQUAL),
        (_one_edit(left, right), ONE_EDIT),
        else_=DIFFERENT,
    )


def _one_edit(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """One character inserted, lost or exchanged: what a typing slip does.

    What both begin with and what both end with is all but one character of the longer one. DuckDB's
    own edit distance counts bytes, of which a Chinese character has three.
    """
    shorter = ibis.least(left.length(), right.length())
    longer = ibis.greatest(left.length(), right.length())
    lengths = ibis.range(1, shorter + 1)
    head = lengths.filter(lambda n: left.left(n) == right.left(n)).length()
    tail = lengths.filter(lambda n: left.right(n) == right.right(n)).length()
    return (longer - shorter <= 1) & (head + tail >= longer - 1)
