"""The register of elements and the evaluation, by example."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.governance.annual.pdf import widths_of, wrapped
from pipelines.governance.element_register import register_elements
from pipelines.governance.evaluation import (
    INDICATORS,
    Facts,
    GrantFacts,
    SourceFacts,
    evaluate,
)
from pipelines.governance.outputs import element_table, evaluation_table, figure_table
from pipelines.governance.resources.lint import CatalogueFault
from pipelines.governance.tables import OutputTable, column_widths, write_table
from pipelines.libraries import load_libraries


def source(name, title, *columns):
    return Source(
        name=name,
        title=f"{title}数据",
        library="population",
        file=Path(),
        server=Server("file", "csv", "x"),
        columns=[SourceColumn(each, each) for each in columns],
        owner=Owner(title, "科", []),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=7),
    )


POLICE = source("public_security__people", "公安局", "person_name", "citizen_id", "mobile")
SCHOOLS = source("education__pupils", "教育局", "person_name", "school_name")
LIBRARY = source("culture__readers", "图书馆", "person_name", "mobile")
SOURCES = [POLICE, SCHOOLS, LIBRARY]
AGREEMENT = {
    ("education__pupils", "person_name"): (98, 100),
    ("culture__readers", "person_name"): (0, 0),
}


@pytest.fixture(scope="module")
def register():
    elements = register_elements(
        [load_libraries()["population"]], SOURCES, AGREEMENT, {("person", "person_name"): 2}
    )
    return {each.column: each for each in elements}


def test_the_lead_is_the_first_authority_that_delivers(register):
    assert list(register) == list(load_libraries()["population"].columns)
    assert register["person_name"].lead == "公安局"
    assert register["school_name"].lead == "教育局"
    # human_resources, health and education come before the police for telephones, and hold none.
    assert register["mobile"].lead == "公安局"
    assert "首位数源部门未接入，暂以后位部门为准" in register["mobile"].remarks


def test_who_holds_it_beside_the_lead_is_shown_with_how_far_it_agrees(register):
    beside = register["person_name"].beside
    assert [(each.department_title, each.agreement) for each in beside] == [
        ("教育局", 0.98),
        ("图书馆", None),
    ]
    assert register["person_name"].disputes == 2
    row = dict(zip(*_head_and_row(element_table([register["person_name"]])), strict=True))
    assert (
        row["其他提供部门及一致率"] == "教育局“教育局数据”98.0%（98/100）；图书馆“图书馆数据”未比对"
    )


def _head_and_row(table):
    return table.columns, table.rows[0]


def test_what_nobody_delivers_and_what_has_no_standard_are_said(register):
    assert register["death_date"].lead == ""
    assert register["death_date"].remarks == ["没有部门提供本项"]
    assert register["school_name"].remarks == ["没有标准"]
    readers = register_elements([load_libraries()["population"]], [LIBRARY], {}, {})
    assert register["person_name"].remarks == ["另有权威部门教育局提供，按权威次序以公安局为准"]
    assert readers[0].remarks == ["没有数源部门：提供本项的部门都不在权威次序中"]


def figures(good, facts):
    return {each.number: each for each in evaluate(facts)["公安局"]}


@pytest.fixture
def facts(good, register):
    entries = [
        good(origin="source a", provider="公安局"),
        good(origin="source b", provider="公安局", share_type="不予共享"),
        good(origin="source c", provider="公安局"),
        good(origin="source d", provider="教育局"),
    ]
    fault = CatalogueFault("source c", "", "", "MISSING", "", "")
    measured = [
        SourceFacts("a", "公安局", 300, 90.0, (10, 12), (3, 4)),
        SourceFacts("b", "公安局", 100, 50.0, (0, 1), (0, 0)),
        SourceFacts("c", "公安局", 0, None, (0, 0), (1, 1)),
        SourceFacts("d", "教育局", 10, 100.0, (1, 1), (0, 9)),
    ]
    return Facts(entries, [fault], measured, list(register.values()))


def test_each_figure_is_its_formula(good, facts):
    by_number = figures(good, facts)
    assert list(by_number) == list(INDICATORS)
    shown = {n: (f.part, f.whole) for n, f in by_number.items() if f.whole}
    assert shown == {
        "E1": (2, 3),  # c has a fault
        "E3": (1, 2),  # a and c may be shared, c never came
        "E4": (10, 13),
        "E5": (300 * 90 + 100 * 50, 400),
        "E8": (4, 5),
        "E10": (0, 3),
        "E12": (1, 3),
    }
    assert by_number["E5"].value == 80.0


def test_what_another_department_leads_and_has_too_is_collected_again(facts):
    again = {
        department: next(f for f in mine if f.number == "E10")
        for department, mine in evaluate(facts).items()
    }
    assert (again["教育局"].part, again["教育局"].whole) == (1, 2)  # names, not schools


def test_without_facts_there_is_no_figure_and_the_table_says_so(good):
    empty = Facts([good(provider="公安局")], [], [], [])
    table = evaluation_table(evaluate(empty), "2026-01-01", "2026-06-30")
    told = {row[1]: row[3] for row in table.rows}
    assert told["E1"] == "100.0%"
    assert {told[each] for each in ("E9", "E11")} == {"尚无记录"}  # the log was not read
    assert told["E3"] == "0.0%"
    assert {told[each] for each in ("E2", "E4", "E5", "E6", "E8", "E10")} == {"不适用"}
    silent = replace(empty, sources=[SourceFacts("a", "公安局", 0, None, (0, 0), (0, 0))])
    told = {row[1]: row[3] for row in evaluation_table(evaluate(silent), "", "").rows}
    assert {told[each] for each in ("E4", "E5")} == {"尚无记录"}  # it should have come


def test_a_department_is_not_said_to_lack_records_of_work_that_it_does_not_have(good):
    asks = GrantFacts("水务局", 3)
    figures_of = evaluate(Facts([good(provider="公安局")], [], [], [], grants=[asks]))
    told = {
        row[1]: row[3] for row in evaluation_table({"水务局": figures_of["水务局"]}, "", "").rows
    }
    assert told.pop("E9") == "100.0%"
    assert told.pop("E11") == "0 件"
    assert set(told.values()) == {"不适用"}
    assert [row[1] for row in figure_table(figures_of, "", "").rows if row[0] == "水务局"] == [
        "E9", "E11",
    ]  # fmt: skip


def test_text_of_a_sheet_fits_into_its_row_and_a_wide_sheet_can_be_read(tmp_path):
    long = "全市户籍登记、迁移、注销业务和流动人口居住登记" * 3
    table = OutputTable("清册", [f"第{n}项" for n in range(30)], [[long, *["一二三四"] * 29]])
    widths = column_widths(table)
    assert widths == [16, *[10] * 29]  # the long column gives way
    write_table(table, tmp_path / "w.xlsx")
    sheet = load_workbook(tmp_path / "w.xlsx").active
    assert sheet.row_dimensions[4].height >= 14.5 * 2 * len(long) / widths[0]
    assert sheet.page_setup.paperSize == 8
    short = OutputTable("清册", ("名称", "率"), [("甲", 99.0), ("乙", 1234)])
    write_table(short, tmp_path / "s.xlsx")
    sheet = load_workbook(tmp_path / "s.xlsx").active
    assert [sheet.cell(row, 2).number_format for row in (4, 5)] == ["#,##0.0", "#,##0"]


CODE = "115301000021000138"  # a spreadsheet keeps 15 digits of a number
TABLE = OutputTable(
    "清单", ("名称", "数"), [("=1+1", 3), ("甲", None), ("＝2", 1), (CODE, 2)], "说明"
)


def test_a_table_is_written_in_each_form(tmp_path):
    for suffix in (".xlsx", ".csv", ".json"):
        write_table(TABLE, tmp_path / f"t{suffix}")
    rows = list(load_workbook(tmp_path / "t.xlsx").active.iter_rows(3, values_only=True))
    assert rows == [("名称", "数"), ("=1+1", 3), ("甲", None), ("＝2", 1), (CODE, 2)]
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["名称", "数"],
            ["'=1+1", "3"],
            ["甲", ""],
            ["'＝2", "1"],
            [f"'{CODE}", "2"],
        ]
    assert json.loads((tmp_path / "t.json").read_text("utf-8"))[0] == {"名称": "=1+1", "数": 3}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["t.csv", "t.json", "t.xlsx"]
    with pytest.raises(ValueError, match="pdf"):
        write_table(replace(TABLE), tmp_path / "t.pdf")


@pytest.mark.parametrize("room", [7, 12, 20.5])
def test_a_line_of_the_report_ends_in_no_number_and_begins_with_no_closing_mark(room):
    text = "基础库现有权威记录：电子证照库1,350条、法人库25,012,345条，占99.5%，见GB/T 2260。"
    lines = list(wrapped(text, room))
    assert "".join(lines) == text
    assert all(line[0] not in "，。、）" for line in lines)
    for number in ("1,350", "25,012,345", "99.5%", "2260"):
        assert any(number in line for line in lines), lines


def test_a_short_column_keeps_its_words_on_one_line():
    rows = [("名称", "共享类型"), ("某项很长的资源名称" * 8, "有条件共享")]
    name, kind = widths_of(rows, 54)
    assert kind / (name + kind) * 54 >= 5
