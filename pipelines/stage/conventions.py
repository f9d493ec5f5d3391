"""Units, marks and the order of dates that a contract states: texts in the form that parsers know.

A column 注册资本(万元) holds bare numbers, a foreign bank writes ``1.234,50``, a hospital
``31/12/2026``. Parsers know one usual form; here the text is rewritten to it, beside the delivered
one, which findings quote and corrections are guarded by. What is not of the stated form is left
alone.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.contracts.money_units import MULTIPLIERS, split_unit
from pipelines.contracts.source import Source, SourceColumn
from pipelines.stage.delivered import delivered_name

_DIGIT = "[0-9０-９]"
_NUMBER = f"{_DIGIT}[0-9０-９,，]*(?:[.．]{_DIGIT}+)?"
_ZERO = "^[0０]+(?:[.．][0０]*)?$"
_SEPARATED = r"^\s*([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})($|[^0-9].*)"
_COMPACT = r"^\s*([0-9]{2})([0-9]{2})([0-9]{4})(\s*)$"


def apply_conventions(rows: ir.Table, source: Source) -> ir.Table:
    """Add ``_usual_<column>`` for each column whose contract states a unit, marks or an order.

    Args:
        rows: What ``rename_delivered`` made, corrected by ``overlay`` where it was.
        source: The contract.
    """
    changed: dict[str, ir.StringValue] = {
        usual_name(column): rewritten
        for column in source.columns
        if (rewritten := _rewritten(rows[quoted_column(rows, column)], column)) is not None
    }
    return rows.mutate(**changed) if changed else rows


def usual_name(column: SourceColumn) -> str:
    """Name of the column with the texts in their usual form."""
    return f"_usual_{column.name}"


def corrected_name(column: SourceColumn) -> str:
    """Name of the column with the texts that stand corrected."""
    return f"_text_of_{column.name}"


def quoted_column(rows: ir.Table, column: SourceColumn) -> str:
    """Name of the column that findings quote: as delivered, or as its owner has corrected it."""
    corrected = corrected_name(column)
    return corrected if corrected in rows.columns else delivered_name(column)


def _rewritten(text: ir.StringValue, column: SourceColumn) -> ir.StringValue | None:
    if column.date_order in {"dmy", "mdy"}:
        return _year_first(text, "dmy" if column.date_order == "dmy" else "mdy")
    usual_marks = (column.decimal_mark, column.thousands_mark) == (".", ",")
    if usual_marks and not column.unit and not column.currency:
        return None
    return _with_unit(text if usual_marks else _with_usual_marks(text, column), column)


def _year_first(text: ir.StringValue, order: str) -> ir.StringValue:
    """31/12/2026 and 31122026 as 2026-12-31; a time behind the date stays behind it."""
    parts = (3, 2, 1) if order == "dmy" else (3, 1, 2)
    return ibis.cases(
        (text.re_search(_SEPARATED), _reordered(text, _SEPARATED, parts)),
        (text.re_search(_COMPACT), _reordered(text, _COMPACT, parts)),
        else_=text,
    )


def _reordered(text: ir.StringValue, pattern: str, parts: Sequence[int]) -> ir.StringValue:
    year, month, day = (text.re_extract(pattern, part).lpad(2, "0") for part in parts)
    return year + "-" + month + "-" + day + text.re_extract(pattern, 4)


def _with_usual_marks(text: ir.StringValue, column: SourceColumn) -> ir.StringValue:
    """1.234,50 as 1234.50, in texts with one number."""
    plain = text.replace(column.thousands_mark, "") if column.thousands_mark else text
    if column.decimal_mark == ",":
        plain = plain.replace(",", ".")
    one_number = text.re_search(r"^[^0-9]*[0-9][0-9.,' ]*[^0-9]*$")
    return ibis.ifelse(one_number, plain, text)


def _with_unit(text: ir.StringValue, column: SourceColumn) -> ir.StringValue:
    """A bare number with the unit behind it; one that has a multiplier with the currency.

    Zero stays bare: it stands for nothing known, in any unit.
    """
    multiplier, currency = split_unit(column.unit)
    currency = column.currency or currency
    bare = text.strip()
    is_number = bare.re_search(f"^{_NUMBER}$") & ~bare.re_search(_ZERO)
    has_multiplier = bare.re_search(f"^{_NUMBER}(?:{'|'.join(MULTIPLIERS)})$")
    branches = []
    if column.unit or column.currency:
        branches.append((is_number, bare + (multiplier + (currency or "元"))))
    if column.currency:
        branches.append((has_multiplier, bare + column.currency))
    return ibis.cases(*branches, else_=text) if branches else text
