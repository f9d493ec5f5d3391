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
    """Add the solar date of a date that was meant as a lunar one.

    Args:
        table: Any table.
        column: An ISO date as text; NULL is unknown.

    Returns:
        ``table`` with ``<column>_from_lunar`` and ``<column>_from_leap`` (ISO text, NULL where the
        month had no leap month after it).
    """
    months = ibis.memtable(pa.table(dict(lunar_months()))).cast(SCHEMA)
    known = table.mutate(lunar_month=table[column].left(7))
    joined = known.left_join(months, "lunar_month")
    days = joined[column].substr(8, 2).try_cast("int64") - 1
    later = days.as_interval("D")
    added = {
        f"{column}_from_lunar": (joined.first_day + later).cast("string").left(10),
        f"{column}_from_leap": (joined.leap_day + later).cast("string").left(10),
    }
    return joined.select(*table.columns, **added)
