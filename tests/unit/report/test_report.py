"""The report says what happened, escapes what it quotes and orders by what to repair first."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from pipelines.contracts import Owner, Server, Source, SourceColumn
from pipelines.report.model import (
    Counts,
    Example,
    FailedExpectation,
    QualityReport,
    group_findings,
)
from pipelines.report.render import render_html, render_text, subject
from pipelines.report.workbook import write_workbook

SOURCE = Source(
    name="public_security__household_registration",
    title="户籍人口登记",
    library="population",
    file=Path("x.yml"),
    server=Server("file", "csv", "/in/x.csv"),
    columns=(
        SourceColumn("source_key", "户籍编号", primary_key=True),
        SourceColumn("citizen_id", "公民身份号码", "citizen_id"),
        SourceColumn("person_name", "姓名", "person_name"),
    ),
    owner=Owner("示范市公安局", "户政科", ("huzheng@example.gov.cn",)),
    delivery="snapshot",
    schedule="0 2 * * *",
    frequency=timedelta(days=1),
)
COUNTS = Counts(landed=1000, staged=980, superseded=5, quarantined=15)


def report(found, shown=None, failed=(), remarks=()):
    groups = group_findings(SOURCE, COUNTS, found, shown or {})
    return QualityReport(SOURCE, "20260630", COUNTS, groups, failed, remarks)


def test_errors_come_before_warnings_and_frequent_before_rare():
    groups = report(
        [
            ("citizen_id", "SEQ_000", 900),
            ("citizen_id", "CHECK_DIGIT", 2),
            (None, "NO_KEY", 15),
        ]
    ).groups
    assert [group.rule.code for group in groups] == ["NO_KEY", "CHECK_DIGIT", "SEQ_000"]
    assert groups[0].column_title == ""
    assert groups[1].column_title == "公民身份号码"
    assert groups[1].share == pytest.approx(0.002)


def test_what_is_quoted_is_escaped():
    shown = {("person_name", "LENGTH"): [Example("<b>.csv", 3, "<script>alert(1)</script>")]}
    page = render_html(report([("person_name", "LENGTH", 1)], shown))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;.csv" in page


@pytest.mark.parametrize(
    ("found", "failed", "news"),
    [
        ([], (), "未发现问题"),
        ([("citizen_id", "CHECK_DIGIT", 12345)], (), "发现问题 12,345 处"),
        ([], (FailedExpectation("主键必须唯一", "critical", "3"),), "未通过质量关卡"),
        (
            [("citizen_id", "CHECK_DIGIT", 1)],
            (FailedExpectation("x", "warning", "3"),),
            "问题 1 处",
        ),
    ],
)
def test_the_subject_says_the_news(found, failed, news):
    assert news in subject(report(found, failed=failed))


def test_text_and_html_tell_the_same_counts():
    told = report([("citizen_id", "CHECK_DIGIT", 7)], remarks=["新增列：备注"])
    for page in (render_html(told), render_text(told)):
        for fact in ("980", "15", "公民身份号码", "新增列：备注"):
            assert fact in page


def bad_row(line, **changes):
    row = {
        "file": "ga_hukou_20260630.csv",
        "line": line,
        "source_key": "H1",
        "column": "citizen_id",
        "rule": "CHECK_DIGIT",
        "severity": "error",
        "value": "1101*************1",
        "is_quarantined": False,
    }
    return row | changes


def test_the_workbook_holds_every_row_and_starts_a_new_sheet_when_one_is_full(tmp_path):
    rows = [bad_row(line) for line in range(1, 8)]
    batches = [pa.RecordBatch.from_pylist(rows[:4]), pa.RecordBatch.from_pylist(rows[4:])]
    path = tmp_path / "bad.xlsx"
    assert write_workbook(path, batches, SOURCE, rows_per_sheet=3) == 7
    book = load_workbook(path)
    assert book.sheetnames == ["问题清单", "问题清单2", "问题清单3"]
    lines = [row[1] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert lines == list(range(1, 8))


def test_the_workbook_never_makes_a_formula_of_a_value(tmp_path):
    path = tmp_path / "bad.xlsx"
    rows = pa.RecordBatch.from_pylist([bad_row(1, value='=HYPERLINK("http://thief")')])
    write_workbook(path, [rows], SOURCE)
    cell = load_workbook(path).active["E2"]
    assert cell.value == '=HYPERLINK("http://thief")'
    assert cell.data_type == "s"


def test_a_batch_without_findings_still_gets_a_sheet_with_a_header(tmp_path):
    path = tmp_path / "bad.xlsx"
    assert write_workbook(path, [], SOURCE) == 0
    assert load_workbook(path).active["A1"].value == "文件"
