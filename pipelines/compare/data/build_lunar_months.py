"""Write ``lunar_months.csv`` from lunar-python (a development dependency): run it by hand.

python pipelines/compare/data/build_lunar_months.py
"""

import csv
from datetime import date, timedelta
from pathlib import Path

from lunar_python import LunarYear

FIRST, LAST = 1899, 2101
_JULIAN_DAY_1 = 1721426  # the Julian day of 0001-01-01


def months() -> list[tuple[str, int, str, int]]:
    """Lunar month (YYYY-MM), 1 if it is a leap month, its first solar day, its days."""
    rows = set()
    for year in range(FIRST, LAST + 1):
        for month in LunarYear.fromYear(year).getMonthsInYear():
            ordinal = int(month.getFirstJulianDay() + 0.5) - _JULIAN_DAY_1
            first = date.fromordinal(1) + timedelta(days=ordinal)
            name = f"{month.getYear():04d}-{abs(month.getMonth()):02d}"
            rows.add((name, int(month.isLeap()), first.isoformat(), month.getDayCount()))
    return sorted(rows, key=lambda row: row[2])


def main() -> None:
    """Write the table beside this script."""
    target = Path(__file__).parent / "lunar_months.csv"
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("lunar_month", "is_leap", "first_day", "days"))
        writer.writerows(months())


if __name__ == "__main__":
    main()
