"""The lunar calendar's table against lunar-python, and dates written down by the wrong calendar."""

import csv

import ibis
import pyarrow as pa
import pytest

from pipelines.compare.lunar import MONTHS, lunar_months, with_solar_dates


def test_every_month_of_the_table_is_as_the_calendar_library_says():
    calendar = pytest.importorskip("lunar_python")
    with MONTHS.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) > 2_500
    for row in rows:
        year, month = map(int, row["lunar_month"].split("-"))
        lunar = calendar.Lunar.fromYmd(year, -month if row["is_leap"] == "1" else month, 1)
        assert lunar.getSolar().toYmd() == row["first_day"], row["lunar_month"]


def test_a_leap_month_is_offered_beside_the_month_it_follows():
    months = lunar_months()
    place = list(months["lunar_month"]).index("2023-02")
    assert (months["first_day"][place], months["leap_day"][place]) == ("2023-02-20", "2023-03-22")


def test_a_lunar_date_written_down_as_a_solar_one_is_translated(con):
    dates = ["1990-08-15", "2023-02-01", "1890-01-01", None]
    table = ibis.memtable(pa.table({"birth_date": pa.array(dates, pa.string())}))
    found = con.to_pyarrow(with_solar_dates(table, "birth_date")).to_pylist()
    told = {row["birth_date"]: row for row in found}
    assert told["1990-08-15"]["birth_date_from_lunar"] == "1990-10-03"  # mid-autumn of 1990
    assert told["1990-08-15"]["birth_date_from_leap"] is None
    assert told["2023-02-01"]["birth_date_from_leap"] == "2023-03-22"
    assert told["1890-01-01"]["birth_date_from_lunar"] is None
    assert len(found) == len(dates)
