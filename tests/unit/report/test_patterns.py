"""Patterns among faults: who, where and what, without a value that is about somebody."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.contracts.source import Owner, Reporting, Server, Source, SourceColumn
from pipelines.report.owner.patterns import (
    GroupShare,
    Patterns,
    SharePattern,
    ValuePattern,
    WrongValue,
    common_values,
    group_columns,
    shares_by,
)
from pipelines.report.owner.render import render
from pipelines.report.words import vocabulary

SOURCE = Source(
    name="health__records",
    title="",
    library="population",
    file=Path("/contracts/health__records.yml"),
    server=Server(kind="file", format="csv", location="unset"),
    columns=(
        SourceColumn("source_key", "编号", primary_key=True),
        SourceColumn("sex_code", "性别", element="sex_code"),
        SourceColumn("birth_date", "出生日期", element="birth_date"),
        SourceColumn("mobile", "手机", element="mobile"),
        SourceColumn("employer_name", "参保单位", element="organization_name"),
        SourceColumn("note", "备注"),
    ),
    owner=Owner("", "", ()),
    delivery="snapshot",
    schedule=None,
    frequency=timedelta(days=1),
)
ROW = {"file": "string", "line": "int64", "column": "string", "value": "string",
       "other_source": "string", "rule": "string"}  # fmt: skip
# What is wrong with a value of a column, unless a test says otherwise.
RULES = {"sex_code": "UNKNOWN_CODE", "birth_date": "DATE_FORM", "mobile": "LENGTH"}


def found(con, table_of, *values, column, times=5, **more):
    """Common values of rows in which each of the values stands so many times."""
    rows = [
        {"file": "a.csv", "line": n * 100 + copy, "column": column, "value": value,
         "rule": RULES.get(column, "SPACE"), **more}
        for n, value in enumerate(values)
        for copy in range(times)
    ]  # fmt: skip
    listed = common_values(table_of(rows, ROW), SOURCE)
    return [(row["shown"], row["rows"]) for row in con.to_pyarrow(listed).to_pylist()]


def test_a_code_that_several_records_share_is_shown(con, table_of):
    assert found(con, table_of, "男性", "F", column="sex_code") == [("F", 5), ("男性", 5)]
    assert found(con, table_of, "男性", column="sex_code", times=4) == []


def test_of_dates_only_the_form_is_shown_and_counted(con, table_of):
    dates = [f"{day}/{month}/1990" for day in (11, 12) for month in (10, 11, 12)]
    assert found(con, table_of, *dates, column="birth_date", times=1) == [("99/99/9999", 6)]
    written = [f"199{n}年2月30日" for n in range(5)]
    assert found(con, table_of, *written, column="birth_date", times=1) == [("9999年9月99日", 5)]
    names = found(con, table_of, *["欧阳青衣"] * 5, column="birth_date", times=1)
    assert names == [("□□□□", 5)]


@pytest.mark.parametrize("value", ["13900001234", "11010519491231002X", "欧阳青衣欧阳青衣欧阳青衣"])
def test_what_is_about_somebody_is_no_code(con, table_of, value):
    assert found(con, table_of, value, column="sex_code") == []


def test_other_values_are_masked_or_not_listed(con, table_of):
    assert found(con, table_of, "13900001234", column="mobile") == [("139****1234", 5)]
    for column in ("employer_name", "note", "source_key"):
        assert found(con, table_of, "秘密", column=column) == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("sex_code", "1", "SEX_MISMATCH"),
        ("birth_date", "1990-03-07", "BIRTH_MISMATCH"),
        ("birth_date", "1990-02-30", "DATE_INVALID"),
        ("birth_date", "1790-02-28", "BIRTH_TOO_EARLY"),
        ("mobile", "13900001234", "SEX_MISMATCH"),
    ],
)
def test_a_value_that_is_well_written_is_no_wrong_value(con, table_of, column, value, rule):
    """What it contradicts, or that no such day is, says nothing against its form."""
    assert found(con, table_of, value, column=column, rule=rule) == []


def test_what_stands_for_none_is_shown_as_the_sheet_shows_it(con, table_of):
    listed = found(con, table_of, "11111111111", column="mobile", rule="PLACEHOLDER")
    assert listed == [("11111111111", 5)]
    assert found(con, table_of, "0000-00-00", column="birth_date", rule="PLACEHOLDER") == [
        ("9999-99-99", 5)
    ]


def test_what_another_department_says_is_no_fault_of_this_one(con, table_of):
    assert found(con, table_of, "9", column="sex_code", other_source="a__b") == []


def test_only_the_commonest_are_listed(con, table_of):
    few = found(con, table_of, *"ABCDE", column="sex_code")
    often = found(con, table_of, *"ABCDEEDC", column="sex_code")
    assert few == [(code, 5) for code in "ABC"]
    assert often == [(code, 10) for code in "CDE"]


def shares(con, table_of, rows, kind="branch"):
    """``rows``: name and whether it has a fault."""
    places = [{"file": "f", "line": n, "name": name} for n, (name, _) in enumerate(rows)]
    faulty = [{"file": "f", "line": n} for n, (_, bad) in enumerate(rows) if bad]
    listed = shares_by(
        table_of(places, {"file": "string", "line": "int64", "name": "string"}),
        table_of(faulty + faulty, {"file": "string", "line": "int64"}),  # two faults in a row
        kind,
    )
    return [(r["name"], r["rows"], r["faulty"]) for r in con.to_pyarrow(listed).to_pylist()]


def test_the_worst_branch_comes_first_and_small_ones_say_nothing(con, table_of):
    rows = [("东湖", True)] * 2 + [("东湖 ", False)] * 6 + [("西山", True)] * 5 + [("", True)] * 9
    assert shares(con, table_of, [*rows, *[("河口", True)] * 4]) == [("西山", 5, 5), ("东湖", 8, 2)]


def test_a_clerk_is_masked_unless_he_is_a_number(con, table_of):
    rows = [("王小明", True)] * 5 + [("A0123", False)] * 5
    assert shares(con, table_of, rows, "person") == [("王*明", 5, 5), ("A0123", 5, 0)]


def test_who_entered_a_record_is_found_by_the_name_of_the_column():
    kinds = group_columns(SOURCE, ["经办人", "经办网点名称", "CZY", "备注", "参保单位", "性别"])
    assert kinds == {"经办人": "person", "经办网点名称": "branch", "CZY": "person"}
    assert group_columns(SOURCE, ["经办人数", "非经办人", "联系人", "法定代表人"]) == {}
    named = replace(SOURCE, group_by=("参保单位", "没有"))
    assert group_columns(named, ["经办人", "参保单位"]) == {"参保单位": "branch"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_mail_tells_patterns_in_both_its_forms(build, language):
    patterns = Patterns(
        shares=[
            SharePattern("file", "", [GroupShare("<东湖>.csv", 1000, 123), GroupShare("b", 9, 0)]),
            SharePattern("person", "经办人", [GroupShare("王*明", 10, 5), GroupShare("b", 9, 0)]),
        ],
        values=[
            ValuePattern("性别", [WrongValue("<男性>", 1234, False)]),
            ValuePattern("出生日期", [WrongValue("99/99/9999", 6, True)]),
        ],
    )
    source = build.source(reporting=Reporting(language=language))
    report = build.report(build.told(patterns=patterns, source=source), language=language)
    mail = render(report, {})
    w = vocabulary(language).words
    for text in (mail.text, mail.html):
        assert all(w[name] in text for name in ("patterns", "by_file", "by_person"))
        assert all(w[name] in text for name in ("common_values", "common_forms"))
        assert "12.30%" in text
        assert "99/99/9999" in text
        assert "1,234" in text
    assert "&lt;东湖&gt;.csv" in mail.html
    assert "&lt;男性&gt;" in mail.html
