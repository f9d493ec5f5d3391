"""Masks for shared views and reports: how much of a value may be shown (domain.md, section 7).

The same rules three times, because they are applied by three machines: ``mask`` by the engines,
``mask_sql`` by PostgreSQL in the shared views, ``mask_text`` by Python in reports. The tests hold
them equal. A value too short to hide anything in is hidden altogether.
"""

import re
from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from pipelines.standards.elements import Mask

HIDDEN = "***"
# Down to the township, as long as no number (of a house) comes before it; failing that, no more
# than a province and a city take.
_TOWNSHIP = "^[^0-9]{2,18}?(?:街道|镇|乡|苏木)"
_BEGINNING = "^[^0-9]{1,6}"
_IDENTITY_HEAD, _IDENTITY_TAIL = 4, 1
_PHONE_HEAD, _PHONE_TAIL = 3, 4
_SHORTEST_PHONE = 11
_TAIL = 4


def mask(value: ir.StringValue, kind: Mask) -> ir.StringValue:
    """The masked value, for DuckDB and Spark. NULL stays NULL."""
    return _EXPRESSIONS[kind](value)


def mask_text(value: str, kind: Mask) -> str:
    """The masked value of one text, for reports."""
    return _TEXTS[kind](value)


def mask_sql(expression: str, kind: Mask) -> str:
    """A PostgreSQL expression for the masked value; NULL stays NULL.

    Args:
        expression: A text expression in SQL, e.g. a quoted column name. It must come from a
            declaration, never from data: it becomes part of the statement.
        kind: The element's mask.
    """
    if kind == "none":  # as it is, whatever its type
        return expression
    return _STATEMENTS[kind].format(v=f"({expression})::text")


def hide_numbers(value: ir.StringValue) -> ir.StringValue:
    """Hide the middle of what looks like a citizen or mobile number, wherever it stands in a text.

    For texts that have no mask of their own: a key, or a value that was typed in a wrong column.
    """
    for pattern, replaced in _NUMBERS:
        value = value.re_replace(pattern, replaced)
    return value


def hide_numbers_in_text(text: str) -> str:
    """As ``hide_numbers``, of one text."""
    for pattern, replaced in _NUMBERS:
        text = re.sub(pattern, replaced, text)
    return text


# Without looking around, which RE2 cannot; each twice, as two numbers may share what is between.
_NUMBERS = 2 * (
    (
        r"(^|[^0-9])([1-8][0-9]{3})[0-9]{2}(?:18|19|20)[0-9]{2}"
        r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}([0-9Xx])($|[^0-9])",
        r"\1\2*************\3\4",
    ),
    (r"(^|[^0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})($|[^0-9])", r"\1\2****\3\4"),
)


# ---- engines ----


def _keep_ends(value: ir.StringValue, head: int, tail: int, shortest: int) -> ir.StringValue:
    length = value.length()
    stars = ibis.literal("*")
    hidden = ibis.greatest(length - head - tail, 0)
    long = value.left(head) + stars.repeat(hidden) + value.right(tail)
    return ibis.ifelse(length >= shortest, long, stars.repeat(length))


def _mask_name(value: ir.StringValue) -> ir.StringValue:
    two = ibis.literal("*") + value.right(1)
    return ibis.cases(
        (value.length() == 2, two), else_=_keep_ends(value, head=1, tail=1, shortest=3)
    )


def _mask_address(value: ir.StringValue) -> ir.StringValue:
    township, beginning = value.re_extract(_TOWNSHIP, 0), value.re_extract(_BEGINNING, 0)
    shown = ibis.ifelse(township == "", beginning, township)
    return ibis.ifelse(value.isnull(), None, ibis.coalesce(shown, "") + HIDDEN)


_EXPRESSIONS: Mapping[Mask, Callable[[ir.StringValue], ir.StringValue]] = {
    "none": lambda value: value,
    "identity_number": lambda value: _keep_ends(value, _IDENTITY_HEAD, _IDENTITY_TAIL, 8),
    "person_name": _mask_name,
    "phone": lambda value: _keep_ends(value, _PHONE_HEAD, _PHONE_TAIL, _SHORTEST_PHONE),
    "address": _mask_address,
    "last4": lambda value: _keep_ends(value, 0, _TAIL, 8),
    "all": lambda value: ibis.ifelse(value.isnull(), None, HIDDEN),
}


# ---- Python ----


def _keep_ends_of_text(text: str, head: int, tail: int, shortest: int) -> str:
    if len(text) < shortest:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


def _mask_name_text(text: str) -> str:
    return f"*{text[-1]}" if len(text) == 2 else _keep_ends_of_text(text, 1, 1, shortest=3)


def _mask_address_text(text: str) -> str:
    shown = re.match(_TOWNSHIP, text) or re.match(_BEGINNING, text)
    return (shown[0] if shown else "") + HIDDEN


_TEXTS: Mapping[Mask, Callable[[str], str]] = {
    "none": lambda text: text,
    "identity_number": lambda t: _keep_ends_of_text(t, _IDENTITY_HEAD, _IDENTITY_TAIL, 8),
    "person_name": _mask_name_text,
    "phone": lambda t: _keep_ends_of_text(t, _PHONE_HEAD, _PHONE_TAIL, _SHORTEST_PHONE),
    "address": _mask_address_text,
    "last4": lambda t: _keep_ends_of_text(t, 0, _TAIL, 8),
    "all": lambda _: HIDDEN,
}


# ---- PostgreSQL ----


def _ends_sql(head: int, tail: int, shortest: int) -> str:
    stars = f"repeat('*', length({{v}}) - {head + tail})"
    shown = f"left({{v}}, {head}) || {stars} || right({{v}}, {tail})"
    return f"CASE WHEN length({{v}}) >= {shortest} THEN {shown} ELSE repeat('*', length({{v}})) END"


def _beginning_sql(pattern: str) -> str:
    """What the pattern matches at the head of the value.

    PostgreSQL returns the first group, so one is put around everything; and SQLAlchemy would take
    the colon of ``(?:`` for a parameter, so there is none.
    """
    group = "(" + pattern.replace("(?:", "(").replace("{", "{{").replace("}", "}}") + ")"
    return f"substring({{v}} from '{group}')"


_STATEMENTS: Mapping[str, str] = {
    "identity_number": _ends_sql(_IDENTITY_HEAD, _IDENTITY_TAIL, 8),
    "person_name": (
        "CASE WHEN length({v}) = 2 THEN '*' || right({v}, 1) ELSE "
        + _ends_sql(1, 1, shortest=3)
        + " END"
    ),
    "phone": _ends_sql(_PHONE_HEAD, _PHONE_TAIL, _SHORTEST_PHONE),
    "address": (
        "CASE WHEN {v} IS NOT NULL THEN "
        f"coalesce({_beginning_sql(_TOWNSHIP)}, {_beginning_sql(_BEGINNING)}, '') || '{HIDDEN}' END"
    ),
    "last4": _ends_sql(0, _TAIL, 8),
    "all": f"CASE WHEN {{v}} IS NOT NULL THEN '{HIDDEN}' END",
}
