"""XML with a record path, dBase tables, text of fixed width: no row is lost."""

import struct
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.contracts.column_names import stored_name
from pipelines.contracts.source import Position, SourceColumn
from pipelines.errors import MissingColumn, UnreadableDelivery
from pipelines.extract.formats.exchange.dbf import read_dbf
from pipelines.extract.formats.exchange.fixed_width import read_fixed_width
from pipelines.extract.formats.exchange.xml_records import read_xml
from pipelines.extract.limits import STANDARD, Limits
from pipelines.extract.reading import MANIFEST, read_landed

BATCH = "20260630"


@pytest.fixture
def land(make_source, tmp_path):
    """Rows and remarks of one file landed under a contract of the given format."""

    def landed(name, content, form, columns=None, limits=STANDARD, **server):
        folder = tmp_path / "landed"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / MANIFEST).write_text('{"watermark": null}')
        server.setdefault("encoding", "auto")
        server.setdefault("records_path", "")
        source = make_source(format=form, **({"columns": columns} if columns else {}), **server)
        delivery = read_landed(source, BATCH, folder, tmp_path / "scratch", "s", limits)
        names = [stored_name(column.physical_name) for column in source.columns]
        tables = [pq.read_table(path).to_pylist() for path in delivery.parquet_paths]
        rows = [(r["_line"], *(r.get(n) for n in names), r["_defect"]) for t in tables for r in t]
        assert delivery.rows == len(rows)
        return rows, delivery.remarks

    return landed


# ---- XML ----

ROWS = """<?xml version="1.0" encoding="{encoding}"?>
<报文 xmlns="urn:a" xmlns:b="urn:b"><头><批次>1</批次></头>
<数据>
  <b:人员><编号>1</编号><姓名>张三</姓名></b:人员>
  <b:人员><姓名>李&lt;四</姓名><编号>2</编号><其他/></b:人员>
</数据></报文>"""
READ = [(4, "1", "张三", None), (5, "2", "李<四", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("path", ["", "报文/数据/人员", "报文.数据.人员"])
def test_xml_is_read_record_by_record(land, encoding, path):
    text = ROWS.format(encoding=encoding)
    rows, _ = land("in.xml", text.encode(encoding), "xml", records_path=path)
    assert rows == READ


def test_attributes_nested_elements_and_repeated_ones_have_names(land):
    names = ("@编号", "编号", "地址.市", "资本@单位", "电话", "空")
    columns = tuple(SourceColumn(f"c{n}", name) for n, name in enumerate(names))
    text = (
        '<a><r 编号="7" xmlns:x="u"><编号>1</编号><地址><省>甲</省><市>乙</市></地址>'
        '<资本 单位="万元">5</资本><电话>1</电话><电话>2</电话><空 x:nil="true"/></r></a>'
    )
    rows, _ = land("in.xml", text.encode(), "xml", columns)
    assert rows == [(1, "7", "1", "乙", "万元", '["1","2"]', None, None)]


def test_a_byte_that_does_not_decode_harms_its_record_only(land):
    text = (
        "<a>" + "".join(f"<r><编号>{n}</编号><姓名>张{n}三</姓名></r>\n" for n in range(9)) + "</a>"
    )
    broken = text.encode().replace("张5".encode(), b"\xd5\xc5" + b"5")
    rows, _ = land("in.xml", broken, "xml", encoding="utf-8")
    assert [row[3] for row in rows] == [None] * 5 + ["UNDECODABLE_BYTES"] + [None] * 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<a><r><编号>1</编号><姓名>张三</姓名></r><r><编号>2</编号>", "breaks off"),
        ("<a><r><编号>1</编号><姓名>张 & 三</姓名></r></a>", "no XML any more, at line 1"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a><r><编号>&x;</编号></r></a>', "document type"),
        ("<a>" * 200 + "</a>" * 200, "100 deep"),
        ("<a><b>1</b></a>", "columns of the contract"),
        ("<a><r><编号>1</编号><姓名>" + "x" * 5000 + "</姓名></r></a>", "BASELIB_PAGE_LIMIT"),
    ],
)
def test_xml_that_cannot_be_read_is_refused_with_its_reason(land, content, problem):
    with pytest.raises(UnreadableDelivery, match=problem):
        land("in.xml", content.encode(), "xml", encoding="utf-8", limits=Limits(page_bytes=1000))


def test_a_path_at_which_there_is_nothing_is_told(land):
    text = ROWS.format(encoding="utf-8").encode()
    with pytest.raises(UnreadableDelivery, match="records_path"):
        land("in.xml", text, "xml", records_path="报文/人员们/人员")
    empty = "<报文><数据></数据></报文>".encode()
    assert land("in.xml", empty, "xml", records_path="报文/数据/人员")[0] == []


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=9)


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(WORDS),
    block=st.integers(1, 40),
)  # fmt: skip
def test_whatever_the_blocks_are_the_records_are_the_same(source, tmp_path_factory, texts, block):
    texts = [t for t in texts if max(t, default=" ") < "\U000fdc00"]
    escaped = [t.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for t in texts]
    file = tmp_path_factory.mktemp("xml") / "in.xml"
    rows = "".join(f"<r><编号>{n}</编号><姓名>{t}</姓名></r>" for n, t in enumerate(escaped))
    file.write_text(f"<a><b>{rows}</b></a>", encoding="utf-8")
    changed = replace(source, server=replace(source.server, format="xml", records_path="a/b/r"))
    chunks = list(read_xml(changed, file, "utf-8", block=block))
    read = [name for chunk in chunks for name in chunk.columns.get("姓名", [])]
    assert [str(name) for name in read] == texts


# ---- dBase ----


def dbf(fields, records, page=0x4D, version=0x03, encoding="gb18030"):
    """A table: fields are name, type, size, places; records are lists of bytes or text."""
    size = 1 + sum(field[2] for field in fields)
    begin = 32 + 32 * len(fields) + 1
    head = struct.pack("<B3BIHH16xBBH", version, 126, 6, 30, len(records), begin, size, 0, page, 0)
    heads = b"".join(
        name.encode(encoding).ljust(11, b"\0") + kind.encode() + b"\0" * 4
        + bytes([length, places]) + b"\0" * 14
        for name, kind, length, places in fields
    )  # fmt: skip
    body = b""
    for record in records:
        deleted, values = (b"*", record[1:]) if record[0] is None else (b" ", record)
        cells = [v.encode(encoding) if isinstance(v, str) else v for v in values]
        body += deleted + b"".join(c.ljust(f[2]) for c, f in zip(cells, fields, strict=True))
    return head + heads + b"\r" + body + b"\x1a"


PEOPLE = [("编号", "N", 6, 0), ("姓名", "C", 12, 0)]


@pytest.mark.parametrize(
    ("page", "encoding", "declared"),
    [(0x4D, "gb18030", "auto"), (0, "gb18030", "auto"), (0x03, "gb18030", "auto"),
     (0, "utf-8", "auto"), (0x7A, "gb18030", "gb18030"), (0x4D, "utf-8", "utf-8")],
)  # fmt: skip
def test_a_dbase_table_is_read_in_its_code_page(land, page, encoding, declared):
    content = dbf(PEOPLE, [["     1", "张三"], ["2", "王喆"]], page, encoding=encoding)
    rows, remarks = land("in.dbf", content, "dbf", encoding=declared)
    assert rows == [(1, "1", "张三", None), (2, "2", "王喆", None)]
    assert remarks == ()


def test_deleted_records_are_none_and_told(land):
    content = dbf(PEOPLE, [["1", "张三"], [None, "2", "李四"], ["3", b"\xd5"]])
    rows, remarks = land("in.dbf", content, "dbf")
    assert rows == [(1, "1", "张三", None), (3, None, None, "UNDECODABLE_BYTES")]
    assert "1" in remarks[0]


NOON = struct.pack("<II", 2_448_000, 43_200_000)


def test_values_of_every_type_are_text(land):
    fields = [("编号", "I", 4, 0), ("D", "D", 8, 0), ("L", "L", 1, 0), ("N", "N", 8, 2),
              ("T", "T", 8, 0), ("Y", "Y", 8, 0), ("B", "B", 8, 0), ("M", "M", 10, 0)]  # fmt: skip
    values = [
        struct.pack("<i", -7), "19900307", "T", "   12.50", NOON,
        struct.pack("<q", 12_345), struct.pack("<d", 0.5), "         1",
    ]  # fmt: skip
    columns = tuple(
        SourceColumn(name.lower(), name, primary_key=name == "编号") for name, *_ in fields
    )
    rows, remarks = land("in.dbf", dbf(fields, [values], version=0x30), "dbf", columns)
    expected = ("-7", "19900307", "T", "12.50", "1990-04-19 12:00:00", "1.2345", "0.5", None)
    assert rows == [(1, *expected, None)]
    assert len(remarks) == 1


@pytest.mark.parametrize("cut", [3, 20, 60])
def test_a_dbase_table_that_breaks_off_is_refused(land, cut):
    content = dbf(PEOPLE, [["1", "张三"], ["2", "李四"], ["3", "王五"]])
    with pytest.raises(UnreadableDelivery, match=r"breaks off|no dBase|no header"):
        land("in.dbf", content[:-cut], "dbf")


def test_a_missing_column_of_a_dbase_table_is_named(land):
    with pytest.raises(MissingColumn):
        land("in.dbf", dbf([("编号", "N", 6, 0)], [["1"]]), "dbf")


@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6))
def test_a_damaged_dbase_table_is_read_or_refused(source, tmp_path_factory, noise):
    content = bytearray(dbf(PEOPLE, [[str(n), "张三"] for n in range(5)]))
    for place, byte in noise:
        content[place % len(content)] = byte
    file = tmp_path_factory.mktemp("dbf") / "in.dbf"
    file.write_bytes(content)
    changed = replace(source, server=replace(source.server, format="dbf", encoding="auto"))
    try:
        chunks = list(read_dbf(changed, file))
    except UnreadableDelivery:
        return
    assert sum(len(chunk.lines) + len(chunk.defects) for chunk in chunks) < 10_000


# ---- fixed width ----

PLACES = (Position("编号", 1, 6), Position("姓名", 7, 16), Position("备注", 20, 24))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_of_fixed_width_are_cut_by_bytes(land, encoding, end):
    def padded(text, size):
        raw = text.encode(encoding)
        return raw + b" " * (size - len(raw))

    lines = [
        padded(a, 6) + padded(b, 13) + padded(c, 5) + end.encode()
        for a, b, c in (("1", "张三", "甲"), ("2", "欧阳", "x"))
    ]
    cut = padded("3", 6) + padded("李四", 1) + end.encode()
    rows, _ = land(
        "in.txt", b"".join(lines) + end.encode() + cut, "fixed", positions=PLACES, encoding=encoding
    )
    assert rows == [(1, "1", "张三", None), (2, "2", "欧阳", None), (4, "3", "李四", None)]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_columns_of_fixed_width_are_cut_by_characters(land, encoding):
    mark = "\ufeff" if encoding == "utf-8" else ""
    text = f"{mark}1     张三      甲\r\n2     李四\r\n"
    places = (Position("编号", 1, 6), Position("姓名", 7, 12))
    rows, _ = land(
        "in.txt",
        text.encode(encoding),
        "fixed",
        positions=places,
        by_bytes=False,
        encoding=encoding,
    )
    assert rows == [(1, "1", "张三", None), (2, "2", "李四", None)]


def test_half_of_a_character_and_a_short_line_are_set_aside_alone(land):
    good = "1     张三      ".encode("gb18030")
    half = b"2     " + b"a" * 9 + "李".encode("gb18030")  # the tenth byte is half of it
    keyed = (Position("姓名", 1, 10), Position("编号", 11, 14))
    rows, _ = land(
        "in.txt", good + b"\n" + half + b"\n", "fixed", positions=PLACES, encoding="gb18030"
    )
    assert rows == [(1, "1", "张三", None), (2, None, None, "UNDECODABLE_BYTES")]
    content = "张三      0001\n李四\n".encode("gb18030")
    rows, _ = land("in.txt", content, "fixed", positions=keyed, encoding="gb18030")
    assert rows == [(1, "0001", "张三", None), (2, None, None, "RAGGED_LINE")]


def test_a_header_of_fixed_width_is_left_out(land):
    rows, _ = land(
        "in.txt", "编号  姓名\n1     张三\n".encode("gb18030"), "fixed", positions=PLACES,
        encoding="gb18030", header_row=1,
    )  # fmt: skip
    assert rows == [(2, "1", "张三", None)]


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_lines_of_fixed_width(source, tmp_path_factory, content):
    assume(not content.startswith(b"\x1f\x8b"))  # packed, and damaged
    file = tmp_path_factory.mktemp("fixed") / "in.txt"
    file.write_bytes(content)
    server = replace(source.server, format="fixed", positions=PLACES)
    chunks = list(read_fixed_width(replace(source, server=server), file, "gb18030"))
    lines = (
        content.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    )
    filled = [line for line in lines.rstrip(b"\x1a").split(b"\n") if line.strip(b" \0\t\r")]
    read = sum(len(chunk.lines) + len(chunk.defects) for chunk in chunks)
    assert abs(read - len(filled)) <= 1  # a lone mark of DOS or of a byte order
