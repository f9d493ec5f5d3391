"""Codes of hierarchical code tables: a parent code is less exact than its child, not another value.

20 (已婚) and 22 (再婚) of GB/T 2261.2 are one statement in two degrees of exactness; so are 130600
and 130602 of GB/T 2260, F51 and F5121 of GB/T 4754.
"""

import ibis
import ibis.expr.types as ir

from pipelines.standards.code_tables import LEVELS, load_ancestors

_PADDING = "(?:00)+$"  # 130000: the code of a province fills the places of city and county


def is_broader(left: ir.StringValue, right: ir.StringValue, table: str) -> ir.BooleanValue:
    """Whether ``left`` is a parent, or a parent's parent, of ``right``; NULL where one is.

    Args:
        left: Codes.
        right: Codes of the same table.
        table: Name of the code table; in one without a hierarchy nothing is broader.
    """
    if table in LEVELS:
        ours, theirs = _stem(left, table), _stem(right, table)
        return (ours != "") & theirs.startswith(ours) & (ours.length() < theirs.length())
    pairs = [
        (right == code) & left.isin(list(ancestors))
        for code, ancestors in load_ancestors(table).items()
    ]
    return ibis.or_(*pairs) if pairs else ibis.literal(False)


def codes_agree(left: ir.StringValue, right: ir.StringValue, table: str) -> ir.BooleanValue:
    """Equal, or one is the parent of the other."""
    return (left == right) | is_broader(left, right, table) | is_broader(right, left, table)


def exactness(code: ir.StringValue, table: str) -> ir.IntegerValue:
    """How exact a code is, to compare with others of its table: the larger, the more exact."""
    if table in LEVELS:
        return _stem(code, table).length().cast("int64")
    depths = [(code == c, len(ancestors)) for c, ancestors in load_ancestors(table).items()]
    return ibis.cases(*depths, else_=0).cast("int64") if depths else ibis.literal(0, "int64")


def _stem(code: ir.StringValue, table: str) -> ir.StringValue:
    return code.re_replace(_PADDING, "") if table == "region" else code
