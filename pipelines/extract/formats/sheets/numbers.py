"""Numbers of cells as Excel shows them: at most 15 digits, dates and times; addresses, escapes."""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_WINDOWS_1900, from_excel

EXACT_DIGITS = 15  # what Excel keeps of a number
_CHINESE_DATES = frozenset((*range(27, 37), *range(50, 59)))  # built-in formats, ECMA-376 18.8.30
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ALMOST = 50  # milliseconds: six decimals of a serial number, which programs round to, are 43


def number_text(value: str, kind: str, epoch: dt.datetime = CALENDAR_WINDOWS_1900) -> str:
    """A number of a cell as Excel shows it: at most 15 digits, dates and times as in ISO 8601.

    Args:
        value: As it stands in the file, ``1.10105199001011E+17``.
        kind: ``n``umber, ``d``ate or ``t``ime span, by the cell's number format.
        epoch: Day 0 of the workbook.
    """
    if kind == "n" and len(value) <= EXACT_DIGITS and value.isdecimal() and value[0] != "0":
        return value  # most numbers
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite():
        return value
    if kind != "n":
        moment = _moment(float(number), kind, epoch)
        if moment is not None:
            return moment
    if number.adjusted() >= EXACT_DIGITS:
        digits = f"{number.normalize():E}"
        return digits if "E+" in digits else digits.replace("E", "E+")
    if number == number.to_integral_value():
        return format(number.to_integral_value(), "f").replace("-0", "0", number == 0)
    return format(Decimal(f"{number:.{EXACT_DIGITS}g}").normalize(), "f")


def _moment(serial: float, kind: str, epoch: dt.datetime) -> str | None:
    """A serial number as date, time or both; ``None`` where no calendar has it."""
    if serial < 0:
        return None
    try:
        value = from_excel(serial, epoch, timedelta=kind == "t")
    except (ValueError, OverflowError):
        return None
    if isinstance(value, dt.datetime):
        value = _to_the_second(value)
        whole_day = value.time() == dt.time()
        return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
    return None if value is None else str(value)


def _to_the_second(moment: dt.datetime) -> dt.datetime:
    """The second that is meant: 7:59:59.999 comes of a serial number with few digits."""
    nearest = moment + dt.timedelta(milliseconds=500)
    nearest = nearest.replace(microsecond=0)
    close = abs(nearest - moment) <= dt.timedelta(milliseconds=_ALMOST)
    return nearest if close else moment


def kind_of_format(number: int, code: str) -> str:
    """What a number in a cell of this format is: ``n``umber, ``d``ate or ``t``ime span."""
    if is_timedelta_format(code):
        return "t"
    return "d" if number in _CHINESE_DATES or is_date_format(code) else "n"


def column_number(letters: str) -> int:
    """``A`` is 0, ``XFD`` 16,383."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def unescaped(text: str) -> str:
    """``_x000D_`` as the character that it stands for (ECMA-376 22.9.2.19)."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
