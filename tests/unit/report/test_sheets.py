"""The sheets that an owner repairs in: every line, as text, in his encoding, and nothing cut."""

import csv
import dataclasses
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from pipelines.contracts.source import Reporting, SourceColumn
from pipelines.extract.returned.answers import read_answers
from pipelines.report.codes import all_codes
from pipelines.report.owner.pattern_sheet import pattern_lines
from pipelines.report.repair_sheet.columns import (
    ANSWERS,
    COLUMNS,
    CONFIRMED,
    CORRECTION,
    PATTERN,
    PATTERN_COLUMNS,
    RULE,
    VALUE,
)
from pipelines.report.repair_sheet.csv import RepairCsv, csv_encoding, guarded, unguarded
from pipelines.report.repair_sheet.guide import sheet_guide
from pipelines.report.repair_sheet.protect import unlock_workbook
from pipelines.report.repair_sheet.rows import SheetWords, sheet_lines
from pipelines.report.repair_sheet.write import SheetPlan, write_locked, write_sheets
from pipelines.report.titles import column_title
from tests.unit.report.conftest import make_source

ROOT = Path(__file__).parents[3]


def line(number=1, value="1101*************1"):
    return (
        "户籍.csv", number, "H1", "公民身份号码", value, "错误", "校验位不对",
        "请核对", None, None, None, "否", f"{number:020x}", "CHECK_DIGIT",
    )  # fmt: skip


def plan(folder, **changes):
    fields = {
        "folder": folder,
        "stem": "a__b-20260630",
        "title": "户籍_20260630_问题清单",
        "guide": ["怎样使用", "第一步", "第二步", "第三步"],
        "encoding": "gb18030",
        "largest": 10_000_000,
    }
    return SheetPlan(**fields | changes)


def read_csv(file, encoding="gb18030"):
    if file.path.suffix == ".zip":
        with ZipFile(file.path) as archive:
            (name,) = archive.namelist()
            text = archive.read(name).decode(encoding)
    else:
        text = file.path.read_bytes().decode(encoding)
    return list(csv.DictReader(text.splitlines()))


def by_kind(sheets):
    books = [file for file in sheets.files if file.name.endswith(".xlsx")]
    return books, [file for file in sheets.files if not file.name.endswith(".xlsx")]


def letters_of(cells):
    """The columns of a range."""
    return {
        "ABCDEFGHIJKLMN"[column - 1]
        for each in cells.ranges
        for column in range(each.min_col, each.max_col + 1)
    }


def test_wrong_values_that_rows_share_have_a_sheet_in_the_first_workbook(tmp_path):
    shared = ("婚姻状况（HYZK）", "再离", 2, "不在代码表中", "10 未婚", "22 再婚",
              None, None, None, "f1")  # fmt: skip
    made = dataclasses.replace(plan(tmp_path), patterns=[shared])
    books, _ = by_kind(write_sheets(made, [line(1), line(2)], rows=1))
    names = [load_workbook(book.path).sheetnames for book in books]
    assert names == [["问题清单", "批量更正", "使用说明"], ["问题清单", "使用说明"]]
    page = load_workbook(books[0].path)["批量更正"]
    assert [cell.value for cell in page[1]] == list(PATTERN_COLUMNS)
    assert [cell.value for cell in page[2]] == list(shared)


def test_whoever_works_with_csv_files_has_the_patterns_in_one_too(tmp_path):
    shared = ("婚姻状况（HYZK）", "=再离", 2, "不在代码表中", "10 未婚", "22 再婚",
              None, None, None, "f1")  # fmt: skip
    made = dataclasses.replace(plan(tmp_path), patterns=[shared])
    sheets = write_sheets(made, [line(1), line(2)])
    assert [file.name for file in sheets.files] == [
        "户籍_20260630_问题清单.xlsx", "户籍_20260630_问题清单.csv",
        "户籍_20260630_问题清单-批量更正.csv",
    ]  # fmt: skip
    assert (sheets.rows, sheets.patterns, sheets.files[-1].rows) == (2, 1, 1)
    (row,) = read_csv(sheets.files[-1])
    assert list(row) == list(PATTERN_COLUMNS)
    assert row["原值"] == "'=再离"
    row["采纳建议"] = "是"
    back = tmp_path / "批量更正.csv"
    with back.open("w", encoding="gb18030", newline="") as out:
        writer = csv.DictWriter(out, row)
        writer.writeheader()
        writer.writerow(row)
    (answer,) = read_answers(back)
    assert (answer.fingerprint, answer.correction, answer.for_all) == ("f1", "22", True)


def test_no_number_is_given_to_several_records_at_once():
    placeholder = {"rule": "PLACEHOLDER", "rows": 2}
    found = [
        {"column": "citizen_id", "value": "111111111111111111", "fingerprint": "f1"} | placeholder,
        {"column": "sex_code", "value": "5", "fingerprint": "f2"} | placeholder,
        {"column": "source_key", "value": "无", "fingerprint": "f3"} | placeholder,
    ]
    of = make_source(
        columns=(
            SourceColumn("source_key", "编号", primary_key=True, required=True),
            SourceColumn("citizen_id", "号码", "citizen_id", required=True),
            SourceColumn("sex_code", "性别", "sex_code"),
        )
    )
    at = PATTERN_COLUMNS.index(PATTERN)
    assert [told[at] for told in pattern_lines(found, of)] == ["f2"]
    # A number that may be missing is none for all of them, and nothing else.
    optional = make_source(columns=(SourceColumn("citizen_id", "号码", "citizen_id"),))
    nothing = {"column": "citizen_id", "value": "无", "fingerprint": "f4"} | placeholder
    ((_, _, _, _, allowed, meant, *_),) = pattern_lines([nothing], optional)
    assert (allowed, meant) == ("（空）", "（空）")


def test_the_workbook_can_be_filled_in_where_it_should_be_and_nowhere_else(tmp_path):
    (book,), _ = by_kind(write_sheets(plan(tmp_path), [line(1), line(2)]))
    loaded = load_workbook(book.path)
    assert loaded.sheetnames == ["问题清单", "使用说明"]
    sheet = loaded["问题清单"]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:N3"
    assert sheet.protection.sheet
    assert not sheet.protection.autoFilter  # False: allowed on the protected sheet
    assert not sheet.protection.sort
    # Excel sorts unlocked cells only: what is not the owner's refuses what is typed instead.
    letters = dict(zip(COLUMNS, "ABCDEFGHIJKLMN", strict=True))
    assert not any(sheet.column_dimensions[each].protection.locked for each in letters.values())
    assert sheet.column_dimensions[letters[CORRECTION]].number_format == "@"  # 18 digits stay so
    rule, *closed = sheet.data_validations.dataValidation
    assert (rule.type, rule.formula1) == ("list", '"是"')
    assert {each.formula1 for each in closed} == {"FALSE"}
    refusing = {letter for each in closed for letter in letters_of(each.sqref)}
    assert refusing == {letter for title, letter in letters.items() if title not in ANSWERS}
    column = "ABCDEFGHIJKLMN"[COLUMNS.index(CONFIRMED)]
    assert str(rule.sqref).startswith(f"{column}2:{column}")
    page = sheet.page_setup
    assert (page.orientation, page.paperSize, page.fitToHeight) == ("landscape", 9, 0)
    assert page.fitToWidth in (None, 1)
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area == "'问题清单'!$A$1:$K$3", "what only the system needs is not printed"
    assert loaded["使用说明"].page_setup.fitToHeight in (None, 1), "the guide is one page"
    assert [cell.value for cell in loaded["使用说明"]["A"]] == [
        "怎样使用",
        "第一步",
        "第二步",
        "第三步",
    ]


FORMULAS = ['=HYPERLINK("http://thief")', "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "'=1"]


@pytest.mark.parametrize("value", FORMULAS)
def test_a_value_never_becomes_a_formula(tmp_path, value):
    (book,), (table,) = by_kind(write_sheets(plan(tmp_path), [line(value=value)]))
    cell = load_workbook(book.path)["问题清单"].cell(2, COLUMNS.index(VALUE) + 1)
    assert (cell.value, cell.data_type) == (value, "s")
    (row,) = read_csv(table)
    assert row[VALUE] == f"'{value}"
    assert unguarded(row[VALUE]) == value


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_guarded_text_is_never_a_formula_and_comes_back(text):
    kept = guarded(text)
    assert not kept.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert unguarded(kept) == text


@pytest.mark.parametrize(
    "text", ["00123", "110105194912310021", "12345678901234567890", "12e34", "1.5E9"]
)
def test_what_excel_would_make_a_number_of_is_kept_as_text(text):
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["20260630", "H001", "1101*************1", "12345", "张三", ""])
def test_ordinary_text_is_left_alone(text):
    assert guarded(text) == text


@pytest.mark.parametrize(
    ("delivered", "codec"),
    [("gb18030", "gb18030"), ("utf-8", "utf-8-sig"), ("utf-16-le", "utf-16"), (None, "utf-8-sig"),
     ("a database", "utf-8-sig"), ("gbk", "gbk"), ("big5", "utf-8-sig")],
)  # fmt: skip
def test_the_csv_is_in_the_encoding_that_the_delivery_came_in(delivered, codec):
    assert csv_encoding(delivered) == codec


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_rare_characters_survive(tmp_path, encoding):
    name = "张㐂𠮷·阿卜杜拉é€"
    _, (table,) = by_kind(write_sheets(plan(tmp_path, encoding=encoding), [line(value=name)]))
    assert read_csv(table, encoding)[0][VALUE] == name


def test_a_character_that_an_encoding_lacks_is_spelt_out_and_counted(tmp_path):
    path = tmp_path / "x.csv"
    with RepairCsv(path, "gbk") as table:
        table.append(line(value="张㐂𠮷"))
    assert table.replaced == 2
    assert "张[U+3402][U+20BB7]" in path.read_bytes().decode("gbk")


def test_nothing_is_cut_where_a_file_is_full(tmp_path):
    sheets = write_sheets(plan(tmp_path), (line(number) for number in range(1, 8)), rows=3)
    books, tables = by_kind(sheets)
    assert [book.name for book in books] == [
        f"户籍_20260630_问题清单-第{number}册共3册.xlsx" for number in (1, 2, 3)
    ]
    assert [book.rows for book in books] == [3, 3, 1]
    assert sheets.rows == 7
    found = [
        row[1]
        for book in books
        for row in load_workbook(book.path)["问题清单"].iter_rows(min_row=2, values_only=True)
    ]
    assert found == list(range(1, 8))
    assert [row["行号"] for table in tables for row in read_csv(table)] == [str(n) for n in found]


def test_a_file_ends_before_a_mail_would_be_too_large(tmp_path):
    lines = [
        line(number, value=f"{number * 7919 % 10**9}号{number * 104729}") for number in range(9000)
    ]
    sheets = write_sheets(plan(tmp_path, largest=120_000), lines)
    books, _ = by_kind(sheets)
    assert len(books) > 1
    assert max(file.path.stat().st_size for file in books) <= 120_000
    assert sheets.rows == sum(book.rows for book in books) == 9000


def test_a_large_csv_is_packed(tmp_path):
    _, (table,) = by_kind(write_sheets(plan(tmp_path), [line(n) for n in range(12_000)]))
    assert table.name == "户籍_20260630_问题清单.csv.zip"
    assert len(read_csv(table)) == 12_000
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".xlsx", ".zip"]


def test_a_batch_without_findings_still_gets_sheets(tmp_path):
    (book,), (table,) = by_kind(write_sheets(plan(tmp_path), []))
    assert [cell.value for cell in load_workbook(book.path)["问题清单"][1]] == list(COLUMNS)
    assert read_csv(table) == []


def test_a_locked_workbook_opens_with_its_password_only(tmp_path):
    locked = plan(tmp_path, password="秘密 12")
    sheets = write_locked(locked, [line(value="110105194912310021")], [line()])
    (book,), (table,) = by_kind(sheets)
    raw = book.path.read_bytes()
    assert not raw.startswith(b"PK")
    for wrong in (None, "wrong"):
        with pytest.raises(ValueError, match="password"):
            unlock_workbook(book.path, wrong)
    opened = load_workbook(unlock_workbook(book.path, "秘密 12"))["问题清单"]
    assert opened.cell(2, COLUMNS.index(VALUE) + 1).value == "110105194912310021"
    assert read_csv(table)[0][VALUE] == "1101*************1"  # nothing can lock a CSV file
    plain = write_sheets(plan(tmp_path, stem="plain"), [line()]).files[0]
    assert isinstance(unlock_workbook(plain.path, None), BytesIO)


def bad_row(**changes):
    row = {
        "fingerprint": "0a1b", "file": "f.csv", "line": 7, "source_key": "H1",
        "column": "citizen_id", "rule": "CHECK_DIGIT", "severity": "error", "value": "1101**1",
        "is_quarantined": False, "other_source": None, "other_value": None,
    }  # fmt: skip
    return pa.RecordBatch.from_pylist([row | changes])


def test_a_line_speaks_of_the_departments_own_column(build):
    words = SheetWords(build.source(), {"c__d": "示范市民政局《婚姻登记》"})
    (told,) = (dict(zip(COLUMNS, each, strict=True)) for each in sheet_lines([bad_row()], words))
    assert (told["字段"], told["行号"], told["级别"], told[RULE]) == (
        *("公民身份号码", 7, "错误", "CHECK_DIGIT"),
    )
    assert all(told[title] is None for title in ANSWERS)
    between = bad_row(other_source="c__d", other_value="李*", column=None, is_quarantined=True)
    (told,) = (dict(zip(COLUMNS, each, strict=True)) for each in sheet_lines([between], words))
    assert "示范市民政局《婚姻登记》：李*" in told["问题"]
    assert (told["字段"], told["是否无法入库"]) == ("（整行）", "是")


def test_only_a_disagreement_says_that_somebody_else_has_another_value(build):
    """A later marriage is no other date of death."""
    words = SheetWords(build.source(), {"c__d": "示范市民政局《婚姻登记》"})
    for rule, says in (
        ("DISAGREES_WITH_AUTHORITY", "》登记为：2026-07-02"),
        ("DEATH_DOUBTFUL", "》：2026-07-02"),
    ):
        row = bad_row(other_source="c__d", other_value="2026-07-02", rule=rule)
        (told,) = (dict(zip(COLUMNS, each, strict=True)) for each in sheet_lines([row], words))
        assert says in told["问题"], rule


def test_a_date_is_called_by_what_happened_then(build):
    of = build.source(
        columns=(
            SourceColumn("death_date", "SWRQ", "date"),
            SourceColumn("birth_date", "CSRQ", "birth_date"),
            SourceColumn("note_date", "BZRQ", "date"),
            SourceColumn("other_date", "QTRQ", "date", title="变动日期"),
        )
    )
    assert [column_title(of, column.name) for column in of.columns] == [
        "死亡日期（SWRQ）", "出生日期（CSRQ）", "BZRQ", "变动日期（QTRQ）",
    ]  # fmt: skip


def test_the_guide_names_the_columns_and_never_the_password(build):
    source = build.source(reporting=Reporting(protection="password", secret="SHEET"))
    text = "\n".join(sheet_guide(source, "20260630", "数据质量科"))
    assert "更正值" in text
    assert "数据质量科" in text
    assert "SHEET" not in text
    assert "批量更正" in text
    # Where no values are shared there is no such sheet.
    assert "批量更正" not in "\n".join(sheet_guide(source, "20260630", "", patterns=False))
    assert "{" not in text
    codes = {"民族（MZ）": all_codes("ethnicity_code", "zh")}
    listed = sheet_guide(source, "20260630", "", codes=codes)
    assert any(each.startswith("“民族（MZ）”可填的代码：01 汉族、") for each in listed)


MEASURE = """
import resource, sys
from pathlib import Path
from pipelines.report.repair_sheet.write import SheetPlan, write_sheets
from test_sheets import line, plan
rows = int(sys.argv[1])
sheets = write_sheets(plan(Path(sys.argv[2])), (line(n, f"{n * 7919}号") for n in range(rows)))
assert sheets.rows == rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_sixty_thousand_rows_need_no_more_memory_than_two_thousand(tmp_path):
    def peak(rows):
        folder = tmp_path / str(rows)
        folder.mkdir()
        command = [sys.executable, "-c", MEASURE, str(rows), str(folder)]
        path = f"{ROOT}:{Path(__file__).parent}"
        done = subprocess.run(
            command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    # Rows that were kept would take 25 MiB or more besides the 20 of larger buffers.
    assert peak(60_000) < peak(2_000) + 30  # MiB
