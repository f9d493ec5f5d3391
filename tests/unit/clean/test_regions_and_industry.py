"""region_code and industry_code, on every engine; and the tables behind them."""

import csv
from datetime import date
from pathlib import Path

import pytest

from pipelines.clean.industry import industry_code
from pipelines.clean.places.regions import region_code
from pipelines.standards.code_tables import load_code_table, load_regions

REFERENCE = Path(__file__).parents[4] / "shared/data/codes"


def test_region_codes(clean):
    expected = {
        "110101": ("110101", set(), "110101"),
        "110103": ("110103", {"REGION_ABOLISHED"}, "110101"),
        "310141": ("310141", {"REGION_UNKNOWN"}, None),
        "100000": ("100000", set(), "100000"),
        "11": ("110000", {"REGION_SHORTENED"}, "110000"),
        "1101": ("110100", {"REGION_SHORTENED"}, "110100"),
        "110101001": ("110101", {"REGION_SHORTENED"}, "110101"),
        "110101001001": ("110101", {"REGION_SHORTENED"}, "110101"),
        "１１０１０１": ("110101", {"NORMALISED"}, "110101"),
        "980101": (None, {"REGION_PROVINCE"}, None),
        "11010": (None, {"REGION_FORM"}, None),
        "不详": (None, {"PLACEHOLDER"}, None),
        "": (None, set(), None),
    }
    got = clean(region_code(), list(expected))
    assert [(c.value, c.rules, c.companions["current"]) for c in got] == list(expected.values())


def test_a_region_name_is_taken_only_if_it_names_one_region(clean):
    expected = {
        "北京市": ("110000", {"REGION_NAME_READ"}),
        "江岸区": ("420102", {"REGION_NAME_READ"}),
        "武汉市江岸区": ("420102", {"REGION_NAME_READ"}),
        "湖北省武汉市江岸区": ("420102", {"REGION_NAME_READ"}),
        "北京市朝阳区": ("110105", {"REGION_NAME_READ"}),
        "朝阳区": (None, {"REGION_NAME_AMBIGUOUS"}),
        "火星": (None, {"REGION_NAME_AMBIGUOUS"}),
    }
    got = clean(region_code(), list(expected))
    assert [(c.value, c.rules) for c in got] == list(expected.values())


def test_a_code_is_judged_by_the_date_of_the_data(clean_fast):
    earlier = clean_fast(region_code(), ["330103"], as_of=date(2020, 12, 31))[0]
    later = clean_fast(region_code(), ["330103"], as_of=date(2026, 6, 30))[0]
    assert (earlier.rules, later.rules) == (set(), {"REGION_ABOLISHED"})


def test_region_timeline_holds_together():
    regions = load_regions()
    assert len(set(regions["code"])) == len(regions["code"]) > 7000
    rows = dict(zip(regions["code"], zip(*regions.values(), strict=True), strict=True))
    for code, name, level, first, last, current in rows.values():
        assert len(code) == 6
        assert name
        assert level in {"province", "city", "county", "group", "city_without_counties"}
        assert first <= last
        assert current is None or rows[current][4] == 9999, code
    assert rows["110103"][4:] == (2010, "110101")
    assert rows["510211"][4] == 1997


@pytest.mark.real_data
@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference tables are not here")
def test_region_timeline_agrees_with_another_one():
    with (REFERENCE / "gbt2260_history_1981_2024.csv").open(encoding="utf-8-sig") as file:
        other = [row for row in csv.DictReader(file) if row["状态"] == "在用"]
    regions = load_regions()
    last_year = dict(zip(regions["code"], regions["last_year"], strict=True))
    gone = {row["代码"] for row in other if last_year.get(row["代码"], 0) <= 2024}
    assert gone == set()


def test_industry_codes(clean):
    expected = {
        "C1311": ("C1311", set()),
        "C": ("C", set()),
        "C13": ("C13", set()),
        "1311": ("C1311", {"INDUSTRY_SECTION_ADDED"}),
        "c-1311": ("C1311", {"NORMALISED"}),
        "C1311稻谷加工": ("C1311", {"NORMALISED"}),
        "C1300": ("C13", {"NORMALISED"}),
        "N7810": ("N7810", set()),
        "H6511": ("H6511", {"INDUSTRY_OLD_EDITION"}),  # 2002: wholesale and retail
        "S9610": ("S9610", set()),
        "T9600": ("T96", {"INDUSTRY_OLD_EDITION", "NORMALISED"}),  # 2011
        "T98": ("T98", {"INDUSTRY_OLD_EDITION"}),  # 2002
        "A1311": (None, {"INDUSTRY_SECTION_MISMATCH"}),
        "98": (None, {"INDUSTRY_UNKNOWN"}),
        "C99": (None, {"INDUSTRY_UNKNOWN"}),
        "Z12": (None, {"INDUSTRY_FORM"}),
        "C13111": (None, {"INDUSTRY_FORM"}),
        "农业": (None, {"INDUSTRY_FORM"}),
        "无": (None, {"PLACEHOLDER"}),
        "": (None, set()),
    }
    got = clean(industry_code(), list(expected))
    assert [(c.value, c.rules) for c in got] == list(expected.values())
    sections = [c.companions["section"] for c in got]
    assert sections == [value and value[0] for value, _ in expected.values()]


@pytest.mark.real_data
@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference tables are not here")
def test_every_class_of_the_standard_is_accepted(clean_fast):
    with (REFERENCE / "gbt4754_industry.csv").open(encoding="utf-8") as file:
        codes = [
            row["section"] + row["code"] for row in csv.DictReader(file) if row["level"] == "4"
        ]
    got = clean_fast(industry_code(), codes)
    assert {c.value for c in got} <= {*codes, *(code[:3] for code in codes)}
    assert all(c.rules <= {"NORMALISED"} for c in got)


def test_divisions_lie_in_their_sections():
    table = load_code_table("industry_division")
    assert [int(division) for division in table["division"]] == list(range(1, 99))
    assert table["section"][:97] == sorted(table["section"][:97])
    assert set(table["section"]) == {*"ABCDEFGHIJKLMNOPQRST", ""}
