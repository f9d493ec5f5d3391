"""Masks: what a person outside the database may see of a sensitive value.

One rule per ``Mask`` kind, in three tongues: an Ibis expression for reports, a PostgreSQL
expression for the views in ``share``, and plain Python for a single value. How many characters stay
is this project's choice (no law says it): of an identity number the first four and the last one,
because region, birth year and last four digits together could be completed by trying.
"""

import ibis
import ibis.expr.types as ir

from pipelines.standards.elements import Mask

STAR = "*"
HIDDEN = "***"
_ADDRESS_KEPT = 9  # characters: province, city and county of a usual address, and no street


def mask(value: ir.StringValue, kind: Mask) -> ir.StringValue:
    """``value`` masked; NULL stays NULL."""
    return ibis.ifelse(value.isnull(), ibis.null("string"), _masked(value, kind))


def _masked(value: ir.StringValue, kind: Mask) -> ir.StringValue:
    length = value.length()
    if kind == "none":
        return value
    if kind == "identity_number":
        hidden = value.substr(0, 4) + _stars(length - 5) + value.right(1)
        return ibis.ifelse(length > 5, hidden, _stars(length))
    if kind == "person_name":
        longer = value.substr(0, 1) + _stars(length - 2) + value.right(1)
        return ibis.ifelse(length > 2, longer, STAR + value.right(ibis.greatest(length - 1, 0)))
    if kind == "phone":
        hidden = value.substr(0, 3) + _stars(length - 7) + value.right(4)
        return ibis.ifelse(length > 7, hidden, _stars(length))
    if kind == "address":
        return ibis.ifelse(length > _ADDRESS_KEPT, value.substr(0, _ADDRESS_KEPT) + HIDDEN, HIDDEN)
    if kind == "last4":
        return ibis.ifelse(length > 4, _stars(length - 4) + value.right(4), _stars(length))
    return ibis.literal(HIDDEN)


def mask_sql(column: str, kind: Mask) -> str:
    """A PostgreSQL expression that masks the text expression ``column`` (already quoted)."""
    length = f"length({column})"
    stars = f"repeat('{STAR}', greatest({length}, 0))"
    sql = {
        "none": column,
        "identity_number": _when(column, 5, f"left({column}, 4)", 5, f"right({column}, 1)", stars),
        "person_name": (
            f"CASE WHEN {length} > 2 THEN left({column}, 1) || repeat('{STAR}', {length} - 2)"
            f" || right({column}, 1) ELSE '{STAR}' || right({column}, greatest({length} - 1, 0)) END"
        ),
        "phone": _when(column, 7, f"left({column}, 3)", 7, f"right({column}, 4)", stars),
        "address": (
            f"CASE WHEN {length} > {_ADDRESS_KEPT} THEN left({column}, {_ADDRESS_KEPT})"
            f" || '{HIDDEN}' WHEN {column} IS NOT NULL THEN '{HIDDEN}' END"
        ),
        "last4": _when(column, 4, "''", 4, f"right({column}, 4)", stars),
        "all": f"CASE WHEN {column} IS NOT NULL THEN '{HIDDEN}' END",
    }
    return sql[kind]


def mask_text(value: str, kind: Mask) -> str:
    """One value masked in plain Python; the oracle of the two expressions."""
    size = len(value)
    shown = {
        "none": value,
        "identity_number": value[:4] + STAR * (size - 5) + value[-1:] if size > 5 else STAR * size,
        "person_name": value[0] + STAR * (size - 2) + value[-1] if size > 2 else STAR + value[1:],
        "phone": value[:3] + STAR * (size - 7) + value[-4:] if size > 7 else STAR * size,
        "address": value[:_ADDRESS_KEPT] + HIDDEN if size > _ADDRESS_KEPT else HIDDEN,
        "last4": STAR * (size - 4) + value[-4:] if size > 4 else STAR * size,
        "all": HIDDEN,
    }
    return shown[kind]


def _stars(count: ir.IntegerValue) -> ir.StringValue:
    return ibis.literal(STAR).repeat(ibis.greatest(count, 0))


def _when(column: str, least: int, head: str, shown: int, tail: str, else_: str) -> str:
    """``head`` and ``tail`` with stars between, if longer than ``least``."""
    middle = f"repeat('{STAR}', length({column}) - {shown})"
    return (
        f"CASE WHEN length({column}) > {least} THEN {head} || {middle} || {tail} ELSE {else_} END"
    )
