"""OpenDocument spreadsheets: cells with their state, merges, repetitions, passwords."""

import io
import zipfile

import pyarrow.parquet as pq
import pytest

from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.recognise import recognise
from pipelines.extract.formats.sheets.whole import whole_sheets
from pipelines.extract.limits import STANDARD
from pipelines.extract.reading import MANIFEST, read_landed

TYPE = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "calcext")
)


def text(words, attributes=""):
    kind = attributes or 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{words}</text:p></table:table-cell>"


def stored(kind, value, shown="shown"):
    name = {"date": "date-value", "boolean": "boolean-value"}.get(kind, "value")
    return text(shown, f'office:value-type="{kind}" office:{name}="{value}"')


def row(*cells, attributes=""):
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


HEADER = row(text("编号"), text("姓名"))
EMPTY = row('<table:table-cell table:number-columns-repeated="16384"/>',
            attributes='table:number-rows-repeated="1048000"')  # fmt: skip


def ods(sheets, prologue="", manifest="<m/>"):
    tables = "".join(
        f'<table:table table:name="{name}">{"".join(rows)}</table:table>'
        for name, rows in sheets.items()
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", TYPE)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(
            "content.xml",
            f"<?xml version='1.0'?>{prologue}<office:document-content {SPACES}><office:body>"
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
    return content.getvalue()


@pytest.fixture
def land(make_source, tmp_path):
    def landed(content, **server):
        folder = tmp_path / "landed"
        folder.mkdir(exist_ok=True)
        (folder / "in.ods").write_bytes(content)
        (folder / MANIFEST).write_text('{"watermark": null}')
        source = make_source(format="xlsx", **server)
        delivery = read_landed(source, "20260630", folder, tmp_path / "scratch", "s", STANDARD)
        tables = [pq.read_table(path).to_pylist() for path in delivery.parquet_paths]
        rows = [(r["_line"], r["编号"], r["姓名"], r["_defect"]) for t in tables for r in t]
        return rows, delivery.remarks

    return landed


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (text("张 三"), "张 三"),
        (text("a<text:s text:c='2'/>b</text:p><text:p>c"), "a  b\nc"),
        (text("#N/A", 'office:value-type="string" calcext:value-type="error"'), "#N/A"),
        (text("Err:502", 'table:formula="of:=A()" office:value-type="string" '
              'office:string-value="" calcext:value-type="error"'), "Err:502"),
        ('<table:table-cell table:formula="of:=SUM([.A1])"/>', "=SUM([.A1])"),
        (stored("float", "110105194912310000", "1.1E+17"), "1.1010519491231E+17"),
        (stored("float", "12.50"), "12.5"),
        (stored("currency", "3", "3,00 €"), "3"),
        (stored("date", "2026-06-30", "30.6."), "2026-06-30"),
        (stored("date", "2026-06-30T08:00:05"), "2026-06-30 08:00:05"),
        (stored("boolean", "true"), "TRUE"),
        (f"<table:table-cell><office:annotation><text:p>x</text:p></office:annotation>"
         f"{'<text:p>张</text:p>'}</table:table-cell>", "张"),
    ],
)  # fmt: skip
def test_a_cell_is_read_with_its_state(land, cell, read):
    rows, remarks = land(ods({"S": [HEADER, row(stored("float", "1"), cell), EMPTY]}))
    assert rows == [(2, "1", read, None)]
    assert [each for each in remarks if "#N/A" in each] == []


def test_merged_hidden_and_repeated_rows_are_records(land):
    spanning = text("张三", 'table:number-rows-spanned="2" office:value-type="string"')
    covered = "<table:covered-table-cell/>"
    hidden, twice = 'table:visibility="filter"', 'table:number-rows-repeated="2"'
    sheet = [
        HEADER,
        row(text("1"), spanning),
        row(text("2"), covered, attributes=hidden),
        row(text("3"), covered),
        row(text("4"), text("李"), attributes=twice),
    ]
    rows, remarks = land(ods({"S": sheet}))
    assert rows == [
        (2, "1", "张三", None), (3, "2", "张三", None), (4, "3", "", None),
        (5, "4", "李", None), (6, "4", "李", None),
    ]  # fmt: skip
    assert len(remarks) == 3  # that it is no .xlsx, too


def test_several_sheets_of_a_document_are_named(land):
    rows = [HEADER, row(text("1"), text("张三"))]
    with pytest.raises(UnreadableDelivery, match="Several sheets"):
        land(ods({"甲": rows, "乙": rows}))
    assert len(land(ods({"甲": rows, "乙": rows}), sheets=("*",))[0]) == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (ods({"S": [HEADER]}, prologue='<!DOCTYPE x [<!ENTITY a "b">]>'), "damaged"),
        (ods({"S": ["<table:table-row>"]}), "damaged"),
        (ods({"S": [HEADER]}, manifest="<m:encryption-data/>"), "locked with a password"),
    ],
)
def test_a_document_that_cannot_be_read_is_called_so(land, content, problem):
    with pytest.raises(UnreadableDelivery, match=problem):
        land(content)


def test_a_small_document_is_read_as_a_whole(tmp_path):
    file = tmp_path / "a.ods"
    file.write_bytes(ods({"S": [HEADER, EMPTY, row(text("1"))]}))
    assert recognise(file) == "ods"
    sheet = whole_sheets(file)["S"]
    assert (list(sheet[0]), list(sheet[-1]), len(sheet)) == (["编号", "姓名"], ["1"], 1_048_002)
