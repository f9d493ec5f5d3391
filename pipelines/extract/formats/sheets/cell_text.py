"""Cells that a library has turned into Python values, as the text that a person sees."""

import datetime as dt
from decimal import Decimal

EXACT = 10**15  # from here on a spreadsheet has lost digits: it keeps 15
Cell = int | float | str | bool | dt.date | dt.datetime | dt.time | dt.timedelta


def show(cell: Cell) -> str:
    """A cell's text: numbers without ``.0``, dates and times as in ISO 8601.

    A number of more than 15 digits is shown with an exponent, as Excel shows it: digits are lost.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float | int):
        number = Decimal(repr(cell))
        if abs(cell) >= EXACT:
            return f"{number.normalize():E}"
        return format(number, "f").removesuffix(".0")
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return str(cell)
