"""Workbooks of Excel 97 (``.xls``) and binary ones (``.xlsb``), written here record by record.

No library that is kept writes either; the forms are those of [MS-XLS], [MS-XLSB] and [MS-CFB].
"""

import struct
import zipfile
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.source import SourceColumn
from pipelines.extract import land_delivery
from pipelines.extract.formats.sheets.binary_states import FORMULA, SheetStates, states_of

BATCH = "20260630"
HEADER = ["编号", "姓名", "证号", "时间", "说明"]
ERROR, MOMENT = object(), 46203.75  # 2026-06-30 18:00
ROWS = [
    ["1", "张三", 110105199001011234.0, MOMENT, True],
    ["2", ERROR, 44.0, 46203.0, "甲"],
    ["3", "李四", 0.5, ERROR, ""],  # hidden; the last cell is merged with the one above
]
LAST = 0xFFFFFFFE  # of a chain of sectors
FREE = 0xFFFFFFFF


def xls(file: Path, uncalculated: bool = False) -> None:
    """A workbook of one sheet in a compound file of one FAT sector and one directory sector.

    Numbers of the second row are results of a formula, and whether they are any, the sheet says.
    """

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def text(value: str, length: str) -> bytes:
        return struct.pack(length, len(value)) + b"\x01" + value.encode("utf-16-le")

    def cell(row: int, column: int, value: object) -> bytes:
        place = struct.pack("<HHH", row, column, column == 3)
        if isinstance(value, str):
            return record(0x204, place + text(value, "<H"))
        if value is ERROR or isinstance(value, bool):
            is_error = value is ERROR
            return record(0x205, place + bytes([0x2A if is_error else value, is_error]))
        if row == 2:
            result = struct.pack("<d", 0 if uncalculated and column == 2 else value)
            return record(0x006, place + result + struct.pack("<HIH", 0, 0, 3) + b"\x1e\x2c\0")
        return record(0x203, place + struct.pack("<d", value))

    begin = struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0)
    formats = b"".join(record(0xE0, struct.pack("<HH", 0, n) + b"\0" * 16) for n in (0, 22))
    name = b"\x00\x00" + text("数据", "<B")
    head = record(0x809, begin) + record(0x42, struct.pack("<H", 1200)) + formats
    at = len(head) + 4 + 4 + len(name) + 4
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    sheet += record(0x5E, b"\0\0") if uncalculated else b""
    sheet += record(0xE5, struct.pack("<HHHHH", 1, 2, 3, 4, 4))
    sheet += record(0x208, struct.pack("<HHHHHHI", 3, 0, 5, 300, 0, 0, 0x20))
    sheet += record(0x200, struct.pack("<IIHHH", 0, len(ROWS) + 1, 0, len(HEADER), 0))
    for number, row in enumerate([HEADER, *ROWS]):
        sheet += b"".join(cell(number, place, value) for place, value in enumerate(row))
    stream = head + record(0x85, struct.pack("<I", at) + name) + record(0x0A, b"") + sheet
    stream = (stream + record(0x0A, b"")).ljust(4096, b"\0")

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        written = name.encode("utf-16-le")
        links = struct.pack("<HBBIII", len(written) + 2, kind, 1, FREE, FREE, child)
        return written.ljust(64, b"\0") + links + b"\0" * 36 + struct.pack("<IQ", start, size)

    sectors = range(2, 2 + len(stream) // 512)
    chain = [0xFFFFFFFD, LAST, *(following for _, following in pairwise(sectors)), LAST]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    folder = entry("Root Entry", 5, 1, LAST, 0) + entry("Workbook", 2, FREE, 2, len(stream))
    sizes = struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, LAST, 0,
                        LAST, 0)  # fmt: skip
    first = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + sizes + struct.pack("<I", 0)
    file.write_bytes(first.ljust(512, b"\xff") + table + folder.ljust(512, b"\0") + stream)


def xlsb(file: Path) -> None:
    """A workbook of one sheet, with strings in their cells."""

    def record(kind: int, data: bytes = b"") -> bytes:
        code = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return code + bytes([len(data)]) + data

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    def cell(column: int, value: object) -> bytes:
        place = struct.pack("<II", column, column == 3)
        if isinstance(value, str):
            return record(6, place + text(value))
        if value is ERROR:
            return record(3, place + b"\x2a")
        if isinstance(value, bool):
            return record(4, place + bytes([value]))
        return record(5, place + struct.pack("<d", value))

    bundle = struct.pack("<II", 0, 1) + text("rId1") + text("数据")
    book = record(131) + record(143) + record(156, bundle) + record(144) + record(132)
    sheet = record(129) + record(148, struct.pack("<IIII", 0, len(ROWS), 0, len(HEADER) - 1))
    sheet += record(145)
    for number, row in enumerate([HEADER, *ROWS]):
        hidden = 0x10 if number == 3 else 0
        sheet += record(0, struct.pack("<IIHBBxI", number, 0, 300, 0, hidden, 0))
        sheet += b"".join(cell(place, value) for place, value in enumerate(row))
    sheet += record(146) + record(176, struct.pack("<IIII", 2, 3, 4, 4)) + record(130)
    formats = b"".join(record(47, struct.pack("<HHHHH6x", 0, n, 0, 0, 0)) for n in (0, 22))
    styles = record(278) + record(617, struct.pack("<I", 2)) + formats + record(618) + record(279)
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="worksheets/sheet1.bin" Type="http://schemas.'
        'openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>'
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", relation)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr("xl/styles.bin", styles)


@pytest.mark.parametrize("write", [xls, xlsb])
def test_old_and_binary_workbooks_are_read_with_their_states(
    make_source, tmp_path, monkeypatch, write
):
    """Errors, numbers that lost digits, times of day, truth values, a merge and a hidden row."""
    monkeypatch.setattr("pipelines.extract.delivery.is_foreign", lambda *_: False)
    file = tmp_path / f"in.{write.__name__}"
    write(file)
    columns = [SourceColumn("source_key", "编号", primary_key=True), SourceColumn("n", "姓名")]
    source = make_source(location=str(file), format="xlsx", columns=columns)
    delivery = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    rows = [row for path in delivery.parquet_paths for row in pq.read_table(path).to_pylist()]
    assert [tuple(row[name] for name in HEADER) for row in rows] == [
        ("1", "张三", "1.1010519900101123E+17", "2026-06-30 18:00:00", "TRUE"),
        ("2", "#N/A", "44", "2026-06-30", "甲"),
        ("3", "李四", "0.5", "#N/A", "甲"),
    ]
    told = "\n".join(delivery.remarks)
    assert "1 行被隐藏" in told
    assert "（1 处）" in told
    assert "#N/A" not in told


@pytest.mark.parametrize("uncalculated", [True, False])
def test_a_formula_of_an_old_workbook_that_was_never_calculated_is_no_number(
    make_source, tmp_path, monkeypatch, uncalculated
):
    """What calculates nothing writes 0 for every result, and that it did so for the sheet."""
    monkeypatch.setattr("pipelines.extract.delivery.is_foreign", lambda *_: False)
    xls(tmp_path / "in.xls", uncalculated)
    columns = [SourceColumn("source_key", "编号", primary_key=True)]
    source = make_source(location=str(tmp_path / "in.xls"), format="xlsx", columns=columns)
    delivery = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    rows = [row for path in delivery.parquet_paths for row in pq.read_table(path).to_pylist()]
    assert rows[1]["证号"] == (FORMULA if uncalculated else "44")
    assert rows[1]["时间"] == "2026-06-30"  # a result, whatever the sheet says


@pytest.mark.parametrize("write", [xls, xlsb])
def test_states_that_cannot_be_told_are_a_remark(make_source, tmp_path, monkeypatch, write):
    monkeypatch.setattr("pipelines.extract.delivery.is_foreign", lambda *_: False)
    monkeypatch.setattr("pipelines.extract.formats.sheets.old.states_of", lambda _: None)
    file = tmp_path / "in.xls"
    write(file)
    columns = [SourceColumn("source_key", "编号", primary_key=True)]
    source = make_source(location=str(file), format="xlsx", columns=columns)
    delivery = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    assert delivery.rows == 3
    assert any("#N/A" in remark for remark in delivery.remarks)


@pytest.mark.parametrize("write", [xls, xlsb])
@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=4)), max_size=4))
def test_states_of_a_damaged_workbook_are_told_or_not_and_no_error(tmp_path_factory, write, places):
    file = tmp_path_factory.mktemp("damaged") / "in.xls"
    write(file)
    content = bytearray(file.read_bytes())
    for place, noise in places:
        at = int(place * len(content))
        content[at : at + len(noise)] = noise
    file.write_bytes(content)
    found = states_of(file)
    assert found is None or all(isinstance(each, SheetStates) for each in found.values())
