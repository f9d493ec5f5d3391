"""Two records side by side, masked by element, with an agreement mark per column.

The marks are made from the values themselves, before any mask, so a steward can judge much of a
pair without seeing anybody's number.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.clean.masking import mask
from pipelines.libraries import GoldenColumn, Library
from pipelines.report.codes import code_names
from pipelines.report.difference import how_they_differ

EQUAL, ONE_EDIT, DIFFERENT, ONE_SIDED, NOTHING = "＝", "≈", "≠", "—", ""
SIDES = ("left", "right")
SIDE_ZH = {"left": "甲", "right": "乙"}


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
        ``question`` and per column ``left_<column>, right_<column>`` (text, masked),
        ``mark_<column>``, one of the marks above, and ``differ_<column>``: how two values that are
        not equal differ, in words; NULL of codes, which are equal or not.
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
        shown[f"differ_{column.name}"] = _differ(joined, column)
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
    shown = value if unmasked else mask(value, column.element.mask)
    names = code_names(column.element_name)
    if not names:
        return shown
    named: ir.StringValue = shown.substitute(
        {code: f"{code} {name}" for code, name in names.items()}
    )
    return named


def _mark(joined: ir.Table, column: GoldenColumn) -> ir.StringValue:
    left, right = (joined[f"{side}_is_{column.name}"] for side in SIDES)
    return ibis.cases(
        (left.isnull() & right.isnull(), NOTHING),
        (left.isnull() | right.isnull(), ONE_SIDED),
        (left == right, EQUAL),
        (ibis.literal(False) if _is_code(column) else _one_edit(left, right), ONE_EDIT),
        else_=DIFFERENT,
    )


def _differ(joined: ir.Table, column: GoldenColumn) -> ir.StringValue:
    if _is_code(column):
        return ibis.null("string")
    left, right = (joined[f"{side}_{column.name}"] for side in SIDES)
    both = left.notnull() & right.notnull()
    return ibis.ifelse(both, how_they_differ(left, right), ibis.null("string"))


def _is_code(column: GoldenColumn) -> bool:
    """Codes one character apart are two codes: 1 (男) and 2 (女) are no slip."""
    return column.element.code_table is not None


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
