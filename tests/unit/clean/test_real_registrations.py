"""The parsers on 184,168 real registrations: what they make of them, and no false alarm.

The numbers are what was counted by reading the findings one by one; they may only get better.
"""

from collections import Counter
from datetime import date
from pathlib import Path

import ibis
import pytest

from pipelines.clean import contact, dates, money, names
from pipelines.clean.parsing.parser import ColumnToParse, parse_columns
from pipelines.standards.rules import severities

FILE = Path(__file__).parents[4] / "shared" / "data" / "enterprises_real.parquet"
COLUMNS = [
    ColumnToParse("organization_name", "企业名称", names.organization_name()),
    ColumnToParse("establishment_date", "注册日期", dates.date()),
    ColumnToParse("legal_representative_name", "法人代表", names.person_name()),
    ColumnToParse("registered_capital", "注册资金", money.money()),
    ColumnToParse("registered_address", "注册地址", contact.address()),
]

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FILE.exists(), reason="the real registrations are not here"),
]


@pytest.fixture(scope="module")
def registrations():
    con = ibis.duckdb.connect()
    table = con.read_parquet(FILE)
    parsed = parse_columns(table, COLUMNS, date(2019, 4, 30), severities())
    return con, ibis.memtable(con.to_pyarrow(parsed.drop(*table.columns)))


@pytest.fixture(scope="module")
def found(registrations):
    """How often each rule was broken in each column."""
    con, table = registrations
    each = table.select(finding=table.findings.unnest())
    each = each.select(column=each.finding["column"], rule=each.finding["rule"])
    counted = each.group_by("column", "rule").agg(n=each.count())
    return Counter({(r["column"], r["rule"]): r["n"] for r in con.to_pyarrow(counted).to_pylist()})


def errors(found, column):
    broken = {rule: n for (name, rule), n in found.items() if name == column}
    return {rule: n for rule, n in broken.items() if severities()[rule] == "error"}


def test_nothing_is_taken_for_text_in_a_wrong_encoding(found):
    assert [key for key in found if key[1].startswith("MOJIBAKE")] == []


def test_every_name_of_an_enterprise_is_usable(registrations, found):
    con, table = registrations
    assert errors(found, "organization_name") == {}
    assert con.to_pyarrow(table.organization_name.notnull().all()).as_py()


def test_every_date_is_read(found):
    assert {rule for (column, rule) in found if column == "establishment_date"} == set()


def test_names_of_persons_are_refused_only_for_what_is_no_name(found):
    refused = errors(found, "legal_representative_name")
    assert refused.pop("PLACEHOLDER") == 32_087  # N/A and ....
    assert sum(refused.values()) <= 16  # two people, 赵, -1, 某某 and the like


def test_amounts_are_read_wherever_there_is_a_unit(found):
    refused = errors(found, "registered_capital")
    assert refused.pop("PLACEHOLDER") == 42_338  # N/A, -, 0()
    assert refused.pop("UNIT_MISSING") == 552  # 30, 12()
    assert refused == {"MONEY_FORM": 4}  # JEAN, ROY, 辽宁, 资产经营


def test_addresses_are_refused_only_where_there_is_none(found):
    assert errors(found, "registered_address") == {"PLACEHOLDER": 30}


def test_parts_of_names_are_found(registrations):
    con, table = registrations
    parts = ("brand", "form", "region", "industry")
    known = {part: table[f"organization_name_{part}"].notnull().mean() for part in parts}
    [share] = con.to_pyarrow(table.aggregate(**known)).to_pylist()
    assert share["brand"] > 0.99
    assert share["form"] > 0.99
    assert share["region"] > 0.95
    assert share["industry"] > 0.75
