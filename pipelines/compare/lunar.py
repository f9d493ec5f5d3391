"""The lunar calendar (农历), to recognise a lunar birth date that was written down as a solar one.

``data/lunar_months.csv`` has the first solar day and the length of every lunar month of the years
1899 to 2101; ``build_lunar_months.py`` beside it made it and a test checks it.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

MONTHS = Path(__file__).parent / "data" / "lunar_months.csv"
SCHEMA = {"lunar_month": "string", "first_day": "date", "leap_day": "date"}


@cache
def lunar_months() -> Mapping[str, Sequence[str | None]]:
    """``lunar_month`` (YYYY-MM), its first solar day, and that of the leap month after it, if any.

    Both months are 29 or 30 days long; the day of a date is not checked against it, for a 30th
    that a month did not have is the next month's first, and nobody is born twice.
    """
    first: dict[str, str] = {}
    leap: dict[str, str] = {}
    with MONTHS.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            (leap if row["is_leap"] == "1" else first)[row["lunar_month"]] = row["first_day"]
    return {
        "lunar_month": list(first),
        "first_day": list(first.values()),
        "leap_day": [leap.get(month) for month in first],
    }


def with_solar_dates(table: ir.Table, column: str) -> ir.Table:
    """Add the solar dates that a date may stand for.

    It may be a lunar one, and its year may be that of a nominal age (虚岁), of which the year of
    birth is the first: one year early, or two for who had not yet had his birthday.

    Args:
        table: Any table.
        column: An ISO date as text; NULL is unknown.

    Returns:
        ``table`` with ``<column>_from_lunar`` and ``<column>_from_leap`` (ISO text, NULL where the
        month had no leap month after it), and ``<column>_from_nominal``, an array of four dates.
    """
    joined = _with_lunar_months(table, column, 0)
    for later in (1, 2):
        joined = _with_lunar_months(joined, column, later)
    days = joined[column].substr(8, 2).try_cast("int64") - 1

    def solar(first: ir.DateValue) -> ir.StringValue:
        return (first + days.as_interval("D")).cast("string").left(10)

    nominal = [solar(joined[f"first_day_{later}"]) for later in (1, 2)]
    nominal += [_years_later(joined[column], later) for later in (1, 2)]
    added = {
        f"{column}_from_lunar": solar(joined.first_day_0),
        f"{column}_from_leap": solar(joined.leap_day_0),
        f"{column}_from_nominal": ibis.array(nominal),
    }
    return joined.select(*table.columns, **added)


def _years_later(date: ir.StringValue, years: int) -> ir.StringValue:
    year = (date.left(4).try_cast("int64") + years).cast("string")
    return year + date.substr(4)


def _with_lunar_months(table: ir.Table, column: str, years: int) -> ir.Table:
    """With the first day of the lunar month of the date, so many years later."""
    months = ibis.memtable(pa.table(dict(lunar_months()))).cast(SCHEMA)
    named = months.rename({f"{name}_{years}": name for name in SCHEMA})
    month = _years_later(table[column], years).left(7)
    return table.left_join(named, month == named[f"lunar_month_{years}"])
