"""Repair sheets in every form in which they come back."""

import gzip
import io
import re
from zipfile import ZIP_DEFLATED, ZipFile

import msoffcrypto
import openpyxl
import pytest

from pipelines.extract.formats.sheets.whole import whole_sheets
from pipelines.extract.reader_process import ReaderCrashed, call_apart
from pipelines.extract.returned.answers import AnswersUnreadable, read_answers
from pipelines.report.repair_sheet.columns import (
    COLUMNS,
    CONFIRMED,
    CORRECTION,
    EMPTY,
    HELP_SHEET,
    ISSUE,
    NOTE,
    YES,
)
from pipelines.report.repair_sheet.csv import guarded

ANSWER = {ISSUE: "f123", CORRECTION: "张三", NOTE: "更正，见附件", "原值": "x\ny"}


def text_of(rows, columns=COLUMNS, delimiter=","):
    lines = [delimiter.join(columns)]
    for row in rows:
        cells = (str(row.get(column, "")) for column in columns)
        lines.append(delimiter.join(f'"{cell}"' for cell in cells))
    return "\r\n".join(lines) + "\r\n"


def workbook(sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def rows_of(*answers):
    return [list(COLUMNS), *([answer.get(column) for column in COLUMNS] for answer in answers)]


def read(tmp_path, content, **options):
    file = tmp_path / "back.dat"
    file.write_bytes(content)
    return list(read_answers(file, **options))


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """To start another one for each workbook takes longer than all of these tests."""
    monkeypatch.setattr(
        "pipelines.extract.returned.guarded_workbook.call_apart",
        lambda call: whole_sheets(*call.arguments),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", "|", "|@|"])
def test_text_in_every_encoding_and_delimiter_of_ours(tmp_path, encoding, delimiter):
    content = text_of([ANSWER], delimiter=delimiter).encode(encoding)
    (answer,) = read(tmp_path, content, delimiters=["|@|"])
    assert (answer.fingerprint, answer.correction) == ("f123", "张三")


def test_what_the_sheet_guards_against_formulas_comes_back_as_it_was(tmp_path):
    told = ["=1+1", "0012", "'x", "110101199003079999", "plain"]
    rows = "".join(f"f{n},{guarded(text)},,\n" for n, text in enumerate(told))
    content = f"问题编号,更正值,确认无误,说明\n{rows}".encode("gb18030")
    assert [answer.correction for answer in read(tmp_path, content)] == told


def test_digits_that_a_tool_has_written_as_a_formula(tmp_path):
    content = '问题编号,更正值,确认无误,说明\nf1,"=""0012""",,\n'.encode()
    assert read(tmp_path, content)[0].correction == "0012"


def test_a_workbook_of_several_sheets_and_a_page_of_help(tmp_path):
    content = workbook(
        {
            HELP_SHEET: [["怎么填"], ["更正值"]],
            "问题清单": rows_of(ANSWER),
            "问题清单2": rows_of({ISSUE: "f2", CONFIRMED: YES, NOTE: "n"}),
        }
    )
    one, two = read(tmp_path, content)
    assert (one.correction, one.note, one.confirmed) == ("张三", "更正，见附件", False)
    assert (two.fingerprint, two.confirmed) == ("f2", True)
    assert two.place == "back.dat「问题清单2」第 2 行"


def test_a_cell_merged_over_several_rows_answers_each_of_them(tmp_path):
    rows = rows_of({ISSUE: "f1", CORRECTION: "22"}, {ISSUE: "f2"}, {ISSUE: "f3"}, {ISSUE: "f4"})
    book = openpyxl.load_workbook(io.BytesIO(workbook({"问题清单": rows})))
    page = book["问题清单"]
    column = COLUMNS.index(CORRECTION) + 1
    page.merge_cells(start_row=2, end_row=4, start_column=column, end_column=column)
    content = io.BytesIO()
    book.save(content)
    answers = read(tmp_path, content.getvalue())
    assert [answer.correction for answer in answers] == ["22", "22", "22", None]


def test_an_opendocument_sheet_is_a_workbook_too(tmp_path):
    """As LibreOffice saves it: a merged cell, a date, an empty row."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    covered = "<table:covered-table-cell/>"
    merged = cell.replace("<table:table-cell", '<table:table-cell table:number-rows-spanned="2"')
    titles = "".join(cell.format(title) for title in (ISSUE, CORRECTION, CONFIRMED, NOTE))
    empty = "<table:table-cell/>"
    rows = [titles, cell.format("f1") + merged.format("22") + empty, cell.format("f2") + covered]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    names = ["office", "text", "table"]
    xmlns = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    content = (
        f"<office:document-content {xmlns}><office:body><office:spreadsheet>"
        f'<table:table table:name="问题清单">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    archive = io.BytesIO()
    with ZipFile(archive, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("content.xml", content)
        parts.writestr("META-INF/manifest.xml", "<manifest/>")
    answers = read(tmp_path, archive.getvalue())
    assert [(each.fingerprint, each.correction) for each in answers] == [("f1", "22"), ("f2", "22")]


def packed(**files):
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return content.getvalue()


def test_a_sheet_comes_back_packed_as_it_went_out(tmp_path):
    (answer,) = read(tmp_path, packed(sheet=text_of([ANSWER]).encode("gb18030")))
    assert (answer.fingerprint, answer.correction) == ("f123", "张三")


def test_several_sheets_in_one_archive_are_to_be_unpacked(tmp_path):
    with pytest.raises(AnswersUnreadable, match="2 个文件"):
        read(tmp_path, packed(one="a", two="b"))


def test_a_locked_workbook_opens_with_a_known_password(tmp_path):
    locked = io.BytesIO()
    plain = msoffcrypto.OfficeFile(io.BytesIO(workbook({"问题清单": rows_of(ANSWER)})))
    plain.encrypt("secret", locked)
    (answer,) = read(tmp_path, locked.getvalue(), passwords=["wrong", "secret"])
    assert answer.correction == "张三"
    with pytest.raises(AnswersUnreadable, match="加了打开密码"):
        read(tmp_path, locked.getvalue(), passwords=["wrong"])


def test_what_a_spreadsheet_makes_of_a_cell(tmp_path):
    import datetime as dt

    day = dt.datetime(2026, 6, 1)  # noqa: DTZ001 - a spreadsheet knows no time zone
    cells = ["", None, EMPTY, "  张三 ", 12, day, 1101011990030799]
    content = workbook({"问题清单": rows_of(*({ISSUE: "f", CORRECTION: c} for c in cells))})
    answers = read(tmp_path, content)
    told = [answer.correction for answer in answers]
    assert told == [None, None, "", "张三", "12", "2026-06-01", None]
    assert [bool(answer.problem) for answer in answers] == [False] * 6 + [True]


def test_rows_in_which_nothing_is_written_are_no_answers(tmp_path):
    content = workbook({"问题清单": [*rows_of(ANSWER), [None] * 14, ["", " "]]})
    assert [answer.fingerprint for answer in read(tmp_path, content)] == [ANSWER[ISSUE]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "文件是空的"),
        ("张三,110101199003079999\n1,张三\n".encode(), "没有“问题编号”一列"),
        ("问题编号,更正值,说明\nf,张三,y\n".encode(), "缺少列“确认无误”；现有的列：问题编号"),
        ("问题编号,更正值,更正值,确认无误,说明\n".encode(), "列“更正值”出现了两次"),
        ("位置,问题编号,更正值,结论\n1,f,张三,x\n".encode(), "答复回执所附"),
        ("说明,问题编号为空\n张三,x\n".encode(), "没有“问题编号”一列"),
        (b"\xff\xfe\xfd\xfc\x81", "没有“问题编号”一列"),
        (b"\x81\xff\xff\x80", "文字编码无法识别"),
        (b"PK\x03\x04rubbish", "不是 Excel 工作簿，或已损坏"),
        (b"\xd0\xcf\x11\xe0rubbish", "不是 Excel 工作簿，或已损坏"),
        (b"%PDF-1.7 rubbish", "文件是PDF 文档"),
        (b"\x89PNG rubbish", "文件是图片"),
        (b"Rar!\x1a\x07 rubbish", "文件是RAR 压缩包"),
        (workbook({"Sheet1": [["姓名", "号码"], ["张三", "110101199003079999"]]}), "找不到表头"),
    ],
)
def test_what_is_no_repair_sheet_is_refused_with_what_is_wrong(tmp_path, content, problem):
    with pytest.raises(AnswersUnreadable, match=problem) as refused:
        read(tmp_path, content)
    assert refused.value.remedy.startswith("请"), "says what to do"
    told = str(refused.value)
    assert "张三" not in told, "nothing about anybody"
    assert "1101" not in told
    assert not re.search("[a-z]{5,}", told.partition("：")[2]), "in Chinese, as the sheet is"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(AnswersUnreadable, match="找不到"):
        list(read_answers(tmp_path / "missing.xlsx"))


def with_a_stray_cell(content):
    """A workbook with a cell in its last row and column, which is all that it takes to ask for
    512 GiB of a reader that holds the whole area."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    book.active["XFD1048576"] = "x"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def test_a_stray_cell_at_the_end_of_the_sheet_costs_nothing(tmp_path):
    content = with_a_stray_cell(workbook({"问题清单": rows_of(ANSWER)}))
    answers = read(tmp_path, content)
    assert [answer.correction for answer in answers if answer.fingerprint] == ["张三"]


def test_a_workbook_is_read_in_another_process(tmp_path, monkeypatch):
    began = []
    monkeypatch.setattr(
        "pipelines.extract.returned.guarded_workbook.call_apart",
        lambda call: (began.append(call), call_apart(call))[1],
    )
    (answer,) = read(tmp_path, workbook({"问题清单": rows_of(ANSWER)}))
    assert answer.correction == "张三"
    assert [call.function for call in began] == ["whole_sheets"]


@pytest.mark.parametrize(("by_memory", "problem"), [(True, "内存超出"), (False, "异常中止")])
def test_a_reader_that_dies_is_an_error_of_its_sheet(tmp_path, monkeypatch, by_memory, problem):
    def dies(call):
        raise ReaderCrashed("SIGABRT", by_memory)

    monkeypatch.setattr("pipelines.extract.returned.guarded_workbook.call_apart", dies)
    with pytest.raises(AnswersUnreadable, match=problem):
        read(tmp_path, workbook({"问题清单": rows_of(ANSWER)}))


def test_what_unpacks_to_more_than_a_sheet_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.extract.returned.sheets._UNPACKED_BYTES", 1000)
    with pytest.raises(AnswersUnreadable, match="过大"):
        read(tmp_path, gzip.compress(b"x" * 5000))
