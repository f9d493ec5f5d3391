"""State of cells, sheets and rows of workbooks: what is no plain value is told, nothing is lost."""

import datetime as dt
import errno
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.cell_range import CellRange

from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.excel import first_rows, read_excel
from pipelines.extract.formats.sheets.numbers import column_number, number_text, unescaped
from pipelines.extract.formats.sheets.xlsx import refuse_for_memory
from pipelines.extract.limits import Limits


def read(source, file, **options):
    """Records as {place: {column: text}}, defects as {place: rule}, remarks; the place is
    the line, with the sheet where several are read."""
    records, defects, remarks = {}, {}, []
    for chunk in read_excel(source, file, **options):
        columns = {name: column.to_pylist() for name, column in chunk.columns.items()}
        for place, line in enumerate(chunk.lines.tolist()):
            where = (chunk.part, line) if chunk.part else line
            records[where] = {name: values[place] for name, values in columns.items()}
        defects |= {(chunk.part, d.line) if chunk.part else d.line: d.rule for d in chunk.defects}
        remarks += chunk.remarks
    return records, defects, remarks


def names(records):
    return {line: record["姓名"] for line, record in records.items()}


@pytest.fixture
def write(tmp_path):
    """Write a workbook with XlsxWriter: ``fill(sheet, book)`` for each sheet by name."""

    def written(name="in.xlsx", **sheets) -> Path:
        file = tmp_path / name
        with xlsxwriter.Workbook(file) as book:
            for title, fill in sheets.items():
                sheet = book.add_worksheet(title)
                sheet.write_row(0, 0, ["编号", "姓名"])
                fill(sheet, book)
        return file

    return written


@pytest.fixture
def raw_sheet(tmp_path):
    """A minimal workbook around the XML of one sheet's data, for what no library writes."""

    def made(data: str, after: str = "", workbook: str = "") -> Path:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        packages = "http://schemas.openxmlformats.org/package/2006/relationships"
        file = tmp_path / "raw.xlsx"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(
                "xl/workbook.xml",
                f'<workbook xmlns="{main}" xmlns:r="{rels}">{workbook}<sheets>'
                '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            )
            archive.writestr(
                "xl/_rels/workbook.xml.rels",
                f'<Relationships xmlns="{packages}"><Relationship Id="r1" '
                'Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            )
            head = '<row r="1"><c r="A1" t="inlineStr"><is><t>编号</t></is></c>'
            head += '<c r="B1" t="inlineStr"><is><t>姓名</t></is></c></row>'
            archive.writestr(
                "xl/worksheets/sheet1.xml",
                f'<worksheet xmlns="{main}"><sheetData>{head}{data}</sheetData>{after}</worksheet>',
            )
        return file

    return made


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!"])
def test_an_error_keeps_its_name(source, raw_sheet, error):
    file = raw_sheet(f'<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>{error}</v></c></row>')
    assert names(read(source, file)[0]) == {2: error}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="B2"><f>A1&amp;"x"</f></c>', '=A1&"x"'),
        ('<c r="B2"><f>A1</f><v></v></c>', "=A1"),
        ('<c r="B2"><f t="shared" ref="B2:B3" si="0">A2</f></c>', "=A2"),
        ('<c r="B2" t="str"><f>A1</f><v></v></c>', ""),  # calculated, and nothing came of it
        ('<c r="B2" t="str"><f>A1</f><v>x</v></c>', "x"),
        ('<c r="B2"><f>A1</f><v>7</v></c>', "7"),
    ],
)
def test_a_formula_without_a_stored_result_is_the_formula(source, raw_sheet, cell, text):
    file = raw_sheet(f'<row r="2"><c r="A2"><v>1</v></c>{cell}</row>')
    assert names(read(source, file)[0]) == {2: text}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1.10105199001011E+17", "1.10105199001011E+17"),
        ("1.306991961020221e+17", "1.306991961020221E+17"),
        ("110105199001011234", "1.10105199001011234E+17"),
        ("1000000000000000", "1E+15"),
        ("999999999999999", "999999999999999"),
        ("-7", "-7"), ("007", "7"), ("7.0", "7"), ("0", "0"), ("-0.0", "0"), ("1e3", "1000"),
        ("0.1", "0.1"), ("0.30000000000000004", "0.3"), ("1E-7", "0.0000001"), ("", ""),
    ],
)  # fmt: skip
def test_a_number_has_at_most_15_digits(written, text):
    """Digits beyond are lost in a spreadsheet, so an identifier in them is damaged."""
    assert number_text(written, "n") == text


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        ("46174", "2026-06-01"), ("46174.75", "2026-06-01 18:00:00"),
        ("46174.333333", "2026-06-01 08:00:00"), ("0.5", "12:00:00"), ("60", "1900-02-28"),
        ("-1", "-1"), ("1e300", "1E+300"),
    ],
)  # fmt: skip
def test_a_date_keeps_its_time_of_day(serial, text):
    assert number_text(serial, "d") == text


def test_dates_are_told_by_the_format_of_their_cell(source, write):
    def fill(sheet, book):
        formats = ["yyyy-mm-dd", 'yyyy"年"m"月"d"日"', "yyyy/m/d hh:mm", "[h]:mm", "0.00", "@"]
        for row, form in enumerate(formats, start=1):
            sheet.write_number(row, 0, row)
            sheet.write_number(row, 1, 46174.75, book.add_format({"num_format": form}))

    assert list(names(read(source, write(S=fill))[0]).values()) == [
        *["2026-06-01 18:00:00"] * 3, "46174 days, 18:00:00", "46174.75", "46174.75",
    ]  # fmt: skip


def test_days_are_counted_from_1904_where_the_workbook_says_so(source, write, tmp_path):
    file = tmp_path / "mac.xlsx"
    with xlsxwriter.Workbook(file, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "姓名"])
        sheet.write_number(1, 0, 1)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(1, 1, dt.datetime(2026, 6, 1), day)  # noqa: DTZ001
    assert names(read(source, file)[0]) == {2: "2026-06-01"}


def test_a_stray_cell_costs_nothing(source, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "姓名"])
    book.active.append(["1", "张三"])
    book.active["XFD1048576"] = " "
    book.save(tmp_path / "in.xlsx")
    assert read(source, tmp_path / "in.xlsx") == ({2: {"编号": "1", "姓名": "张三"}}, {}, [])
    book.active["XFD1048576"] = "x"
    book.save(tmp_path / "in.xlsx")
    records, defects, _ = read(source, tmp_path / "in.xlsx")
    assert (set(records), defects) == ({2}, {1048576: "RAGGED_LINE"})


def test_the_value_of_a_merge_stands_for_all_its_rows_and_is_remarked_on(source, tmp_path):
    book = openpyxl.Workbook()
    for row in (["编号", "姓名"], ["1", "张三"], ["2", None], ["3", None], ["4", "李四"]):
        book.active.append(row)
    book.active.merged_cells.ranges.add(CellRange("B2:B4"))
    book.save(tmp_path / "in.xlsx")
    records, defects, remarks = read(source, tmp_path / "in.xlsx")
    assert names(records) == {2: "张三", 3: "张三", 4: "张三", 5: "李四"}
    assert not defects
    assert len(remarks) == 1
    assert "合并" in remarks[0]
    assert "2" in remarks[0]


def test_a_merge_below_the_last_record_makes_no_records(source, tmp_path):
    book = openpyxl.Workbook()
    for row in (["编号", "姓名"], ["1", "张三"]):
        book.active.append(row)
    book.active.merged_cells.ranges.add(CellRange("B2:B900"))
    book.active["C900"] = None
    book.save(tmp_path / "in.xlsx")
    assert set(read(source, tmp_path / "in.xlsx")[0]) == {2}


def test_merged_cells_are_bounded(source, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "姓名"])
    for row in range(2, 20, 2):
        book.active.merged_cells.ranges.add(CellRange(f"A{row}:A{row + 1}"))
    book.save(tmp_path / "in.xlsx")
    with pytest.raises(UnreadableDelivery, match="over 5 merged cells"):
        read(source, tmp_path / "in.xlsx", limits=Limits(merged_cells=5))


def test_hidden_rows_are_records_and_remarked_on(source, write):
    def fill(sheet, _):
        sheet.write_row(1, 0, ["1", "张三"])
        sheet.write_row(2, 0, ["2", "李四"])
        sheet.set_row(2, options={"hidden": True})

    records, _, remarks = read(source, write(S=fill))
    assert names(records) == {2: "张三", 3: "李四"}
    assert "隐藏" in remarks[0]


def person(key, name):
    return lambda sheet, _: sheet.write_row(1, 0, [key, name])


def test_several_sheets_with_the_columns_stop_the_batch(source, write):
    file = write(东湖=person("1", "张三"), 西山=person("2", "李四"))
    with pytest.raises(UnreadableDelivery, match=r"东湖, 西山.*property sheets"):
        read(source, file)


def test_all_sheets_are_landed_where_the_contract_says_so(make_source, write):
    file = write(东湖=person("1", "张三"), 西山=person("2", "李四"), 空=lambda *_: None)
    all_of_them = make_source(sheets=("*",), sheet_column="乡镇")
    records, _, remarks = read(all_of_them, file)
    assert records == {
        ("[东湖]", 2): {"编号": "1", "姓名": "张三", "乡镇": "东湖"},
        ("[西山]", 2): {"编号": "2", "姓名": "李四", "乡镇": "西山"},
    }
    assert not remarks
    assert list(names(read(make_source(sheets=("西山",)), file)[0]).values()) == ["李四"]
    with pytest.raises(UnreadableDelivery, match="no sheet '北'"):
        read(make_source(sheets=("北",)), file)


def test_the_sheet_with_the_columns_is_found_and_others_are_named(source, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["本表由民政局填报"])
    sheet = book.create_sheet("数据")
    sheet.append(["编号", "姓名"])
    sheet.append(["1", "张三"])
    book.save(tmp_path / "in.xlsx")
    records, _, remarks = read(source, tmp_path / "in.xlsx")
    assert names(records) == {2: "张三"}
    assert "说明" in remarks[0]


def test_a_hidden_sheet_with_the_columns_stops_the_batch(source, write):
    def hide(sheet, _):
        person("2", "李四")(sheet, _)
        sheet.hide()

    with pytest.raises(UnreadableDelivery, match="Several sheets"):
        read(source, write(一=person("1", "张三"), 二=hide))


FOOTERS = [
    "合计",
    "合 计",
    "总计:",
    "填表人:王五",
    "审核人",
    "备注:以上为本月数据",
    "制表日期:2026-06-30",
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_totals_and_signatures_are_no_records_and_not_lost(source, write, footer):
    def fill(sheet, _):
        sheet.write_row(1, 0, ["1", "张三"])
        sheet.write_row(2, 0, [footer, 1])

    records, defects, _ = read(source, write(S=fill))
    assert (set(records), defects) == ({2}, {3: "FOOTER_ROW"})


def test_a_row_with_a_key_is_a_record_whatever_it_begins_with(make_source, write, source):
    def fill(sheet, _):
        sheet.write_row(1, 0, ["备注", "1"])

    columns = [c if not c.primary_key else type(c)("source_key", "姓名", primary_key=True)
               for c in source.columns]  # fmt: skip
    records, defects, _ = read(make_source(columns=columns), write(S=fill))
    assert (set(records), defects) == ({2}, {})


def test_a_header_inside_is_no_record(source, write):
    def fill(sheet, _):
        sheet.write_row(1, 0, ["1", "张三"])
        sheet.write_row(2, 0, ["编号", "姓名"])
        sheet.write_row(3, 0, ["2", "李四"])

    records, defects, _ = read(source, write(S=fill))
    assert (set(records), defects) == ({2, 4}, {3: "REPEATED_HEADER"})


def test_the_footer_of_the_contract_is_left_out_and_remarked_on(make_source, write):
    def fill(sheet, _):
        for row in range(1, 5):
            sheet.write_row(row, 0, [str(row), "张三"])

    file = write(S=fill)
    records, _, remarks = read(make_source(footer_rows=2), file)
    assert set(records) == {2, 3}
    assert "第 4 行" in remarks[0]
    records, _, _ = read(make_source(footer_words=("3",)), file)
    assert set(records) == {2, 3}


def test_a_cover_sheet_is_left_out_of_all_sheets_and_told(make_source, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "封面"
    book.active.append(["填报单位", "示范市某局"])
    for name, key in (("东湖", "1"), ("西山", "2")):
        sheet = book.create_sheet(name)
        for row in (["编号", "姓名", "电话"], [key, "张三", "139"]):
            sheet.append(row)
    book.save(tmp_path / "in.xlsx")
    chunks = list(read_excel(make_source(sheets=("*",)), tmp_path / "in.xlsx"))
    assert {chunk.part for chunk in chunks} == {"[东湖]", "[西山]"}
    assert ["封面" in remark for chunk in chunks for remark in chunk.remarks] == [True]


@pytest.mark.parametrize("header_row", [2, None])
@pytest.mark.parametrize("merged", [(), ("A1:C1", "A2:A3", "B2:C2")])
def test_a_header_of_two_rows_is_joined(make_source, tmp_path, source, header_row, merged):
    """Named by its row or found, behind a cover sheet and below a title; cells merged or not."""
    book = openpyxl.Workbook()
    book.active.append(["封面"])
    sheet = book.create_sheet("明细")
    for row in (["登记表"], ["编号", "本人", None], [None, "姓名", "电话"], ["1", "张三", "139"]):
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    book.save(tmp_path / "in.xlsx")
    columns = [type(c)(c.name, {"编号": "编号", "姓名": "本人_姓名"}[c.physical_name],
                       c.element, primary_key=c.primary_key) for c in source.columns]  # fmt: skip
    records, _, _ = read(
        make_source(columns=columns, header_row=header_row, header_rows=2), tmp_path / "in.xlsx"
    )
    assert records == {4: {"编号": "1", "本人_姓名": "张三", "本人_电话": "139"}}


def test_a_sheet_without_header_has_numbered_columns(make_source, tmp_path, source):
    book = openpyxl.Workbook()
    book.active.append(["1", "张三"])
    book.save(tmp_path / "in.xlsx")
    records, _, _ = read(make_source(header_row=0), tmp_path / "in.xlsx")
    assert records == {1: {"column_1": "1", "column_2": "张三"}}


def test_a_document_type_is_refused(source, tmp_path, raw_sheet):
    """It is how XML is made to fill the memory."""
    file = raw_sheet("")
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + parts["xl/worksheets/sheet1.xml"]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (parts | {"xl/worksheets/sheet1.xml": bomb}).items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableDelivery, match="damaged"):
        read(source, file)


def test_how_a_word_is_pronounced_is_no_part_of_it(source, raw_sheet):
    cell = '<c r="B2" t="inlineStr"><is><r><t>张</t></r><r><t>三</t></r><rPh sb="0" eb="1">'
    file = raw_sheet(f'<row r="2"><c r="A2"><v>1</v></c>{cell}<t>zhang</t></rPh></is></c></row>')
    assert names(read(source, file)[0]) == {2: "张三"}


def test_rows_and_cells_may_be_without_addresses(source, raw_sheet):
    cell = '<c t="inlineStr"><is><t>{}</t></is></c>'
    rows = "".join(f"<row>{cell.format(n)}{cell.format('张三')}</row>" for n in (1, 2))
    assert names(read(source, raw_sheet(rows))[0]) == {2: "张三", 3: "张三"}


def test_escapes_and_columns():
    assert unescaped("a_x000D_b_xD83D__xDE00_") == "a\rb😀"
    assert unescaped("_xD83D_") == "\ufffd"
    assert [column_number(c) for c in ("A", "Z", "AA", "XFD")] == [0, 25, 26, 16383]


def test_first_rows_are_those_of_each_visible_sheet(source, write):
    rows = first_rows(source, write(S=person("1", "张三")))
    assert list(rows) == ["S"]
    assert [row.cells for row in rows["S"]] == [{0: "编号", 1: "姓名"}, {0: "1", 1: "张三"}]


@pytest.mark.parametrize(
    "wrong",
    [zlib.error("Error -4 while decompressing data"), OSError(errno.ENOMEM, "Cannot allocate")],
)
def test_a_lack_of_memory_is_no_damage_of_the_file(wrong):
    with pytest.raises(MemoryError):
        refuse_for_memory(wrong)
    refuse_for_memory(zlib.error("Error -3 while decompressing data: invalid block type"))
    refuse_for_memory(OSError(errno.EIO, "Input/output error"))
