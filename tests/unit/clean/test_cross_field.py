"""Two columns of a record: what they say against each other, and what they do not."""

from datetime import date

import ibis
import pytest

from pipelines.clean.cross_field import add_cross_field_findings
from pipelines.clean.parsing.findings import no_findings
from pipelines.standards.rules import severities

AS_OF = date(2026, 6, 30)
PERSON = {"citizen_id": "citizen_id", "sex_code": "sex_code", "birth_date": "birth_date"}
BORN = date(1990, 3, 7)


def findings(con, row, elements, as_of=AS_OF):
    """The findings of one record, (column, rule, severity, value); an earlier one stays first."""
    types = {
        name: "date" if isinstance(value, date) or name.endswith("_date") else "string"
        for name, value in row.items()
    }
    types |= {name: "date" for name in ("valid_from", "valid_to") if name in row}
    table = ibis.memtable({k: [v] for k, v in row.items()}, schema=ibis.schema(types))
    table = table.mutate(findings=no_findings())
    result = add_cross_field_findings(table, elements, severities(), as_of)
    assert result.columns == table.columns
    [found] = con.to_pyarrow(result.select("findings"))["findings"].to_pylist()
    return [tuple(f.values()) for f in found]


def person(sex="1", birth=BORN, id_sex="1", id_birth=BORN):
    row = {"citizen_id": "x", "citizen_id_sex_code": id_sex, "citizen_id_birth_date": id_birth}
    return row | {"sex_code": sex, "birth_date": birth}


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def con(request):
    return request.getfixturevalue(f"{request.param}_backend")


def test_a_person_who_agrees_with_his_number(con):
    assert findings(con, person(), PERSON) == []


def test_another_sex_and_another_birth_date(con):
    found = findings(con, person(sex="2", birth=date(1990, 3, 8)), PERSON)
    assert found == [
        ("sex_code", "SEX_MISMATCH", "warning", "2"),
        ("birth_date", "BIRTH_MISMATCH", "warning", "1990-03-08"),
    ]


@pytest.mark.parametrize(
    "unknown",
    [
        {"sex": "0"},
        {"sex": "9"},
        {"sex": None},
        {"birth": None},
        {"id_sex": None, "id_birth": None},
    ],
)
def test_what_is_unknown_contradicts_nothing(con, unknown):
    assert findings(con, person(**unknown), PERSON) == []


def test_organization_code_inside_the_uscc(con):
    elements = {"uscc": "uscc", "organization_code": "organization_code"}
    row = {"uscc": "91310101PDY00001X4", "uscc_organization_code": "PDY00001X"}
    assert findings(con, row | {"organization_code": "PDY00001X"}, elements) == []
    assert findings(con, row | {"organization_code": "PDY000159"}, elements) == [
        ("organization_code", "USCC_ORG_CODE_MISMATCH", "warning", "PDY000159")
    ]
    assert findings(con, row | {"organization_code": None}, elements) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("establishment_date", "approval_date"),
        ("establishment_date", "cancellation_date"),
        ("birth_date", "death_date"),
        ("issue_date", "valid_to"),
        ("valid_from", "valid_to"),
    ],
)
def test_order_of_dates(con, first, second):
    elements = {first: "date", second: "date"}
    early, late = date(2001, 1, 1), date(2002, 2, 2)
    assert findings(con, {first: early, second: late}, elements) == []
    assert findings(con, {first: early, second: early}, elements) == []
    assert findings(con, {first: late, second: None}, elements) == []
    assert findings(con, {first: late, second: early}, elements) == [
        (second, "DATES_OUT_OF_ORDER", "warning", "2001-01-01")
    ]


def test_what_has_happened_is_not_ahead_and_a_term_may_be(con):
    row = {"establishment_date": date(2062, 1, 1), "valid_to": date(2062, 1, 1)}
    elements = dict.fromkeys(row, "date")
    assert findings(con, row, elements) == [
        ("establishment_date", "FUTURE_DATE", "error", "2062-01-01")
    ]
    assert findings(con, row, elements, as_of=None) == []


def test_columns_that_have_nothing_to_say_to_each_other(con):
    assert findings(con, {"person_name": "x"}, {"person_name": "person_name"}) == []


def test_a_date_ahead_is_taken_away_and_contradicts_no_other(con):
    row = {"establishment_date": date(2062, 1, 1), "approval_date": date(2020, 2, 2)}
    elements = dict.fromkeys(row, "date")
    assert [rule for _, rule, *_ in findings(con, row, elements)] == ["FUTURE_DATE"]
    table = ibis.memtable(
        {name: [value] for name, value in row.items()},
        schema=ibis.schema(dict.fromkeys(row, "date")),
    ).mutate(findings=no_findings())
    left = add_cross_field_findings(table, elements, severities(), AS_OF)
    [kept] = con.to_pyarrow(left.select(*row)).to_pylist()
    assert kept == row | {"establishment_date": None}
