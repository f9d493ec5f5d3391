"""Delimited text as programs really write it; no line is lost, and what is mended is told."""

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.source import SourceColumn
from pipelines.errors import UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.formats.big5 import reads_like_big5
from pipelines.extract.formats.encodings import detect, utf8_blocks
from pipelines.extract.formats.text.delimited import read_delimited

BATCH = "20260630"
GOOD = [(2, "1", "张三", None), (3, "2", "李四", None)]
# Characters of the first level of Big5, fictional names and an address.
TRADITIONAL = "編號,姓名\n" + "".join(
    f"{n},陳國華示範縣雲州市東湖區長青街明月路{n}號\n" for n in range(9)
)


@pytest.fixture
def land(make_source, tmp_path):
    """Rows and remarks of a text landed under a contract with the given fields of the server."""

    def landed(content, columns=None, **server):
        file = tmp_path / "in.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        changes = {"columns": columns} if columns else {}
        source = make_source(location=str(file), **server, **changes)
        delivery = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
        names = [column.physical_name for column in source.columns]
        tables = [pq.read_table(path).to_pylist() for path in delivery.parquet_paths]
        rows = [(r["_line"], *(r[n] for n in names), r["_defect"]) for t in tables for r in t]
        assert delivery.rows == len(rows)
        return rows, delivery.remarks

    return landed


@pytest.mark.parametrize(
    "again",
    [
        "编号,姓名", "\ufeff编号,姓名", '"编号","姓名"', " 编号 , 姓名 ", "\x0c编号,姓名",
        "\x1a编号,姓名", "编号\t,姓名\u3000", "\x1a\ufeff编号,姓名",
    ],
)  # fmt: skip
def test_a_header_inside_is_no_record_and_keeps_its_line(land, again):
    rows, _ = land(f"编号,姓名\n1,张三\n{again}\n2,李四\n")
    assert rows == [GOOD[0], (3, None, None, "REPEATED_HEADER"), (4, "2", "李四", None)]


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a\r\n", "\n\x1a\x1a"])
def test_files_that_dos_has_put_together_end_and_begin_nowhere(land, end):
    rows, _ = land(f"编号,姓名\n1,张三\n\x1a2,李四{end}")
    assert rows == GOOD


def test_a_nul_in_a_short_text_does_not_make_it_utf_16(land):
    assert land("编号,姓名\n1,张\x00三\n")[0] == [(2, "1", "张\x00三", None)]


def test_an_empty_field_too_many_may_have_marks(land):
    assert land('"编号","姓名"\n"1","张三",""\n"2","李四"\n')[0] == GOOD


def test_a_record_that_has_one_word_of_the_header_is_one(land):
    rows, _ = land("编号,姓名\n编号,张三\n1,姓名\n")
    assert [row[3] for row in rows] == [None, None]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_the_delimiter_that_the_first_line_names_is_used(land, delimiter):
    text = f"sep={delimiter}\r\n编号{delimiter}姓名\r\n1{delimiter}张三\r\n"
    rows, remarks = land(text)
    assert rows == [(3, "1", "张三", None)]
    assert "sep=" in remarks[0]


def test_delimiters_at_the_ends_of_lines_are_left_out_and_told(land):
    rows, remarks = land("编号,姓名\n1,张三,\n2,李四\n3,王五,x\n")
    assert rows == [*GOOD, (4, None, None, "RAGGED_LINE")]
    assert len(remarks) == 1


def test_a_delimiter_at_the_end_of_the_header_alone_is_an_empty_column(land):
    rows, remarks = land("编号,姓名,\n1,张三\n2,李四,\n")
    assert rows == GOOD
    assert len(remarks) == 1


def test_a_quoted_field_before_a_delimiter_at_the_end(land):
    rows, _ = land('编号,姓名\n1,"张,三",\n2,"李""四",\n')
    assert [row[2] for row in rows] == ["张,三", '李"四']


@pytest.mark.parametrize("end", ["", "\x1a", "\r\n\x1a", "\x1a\x1a"])
def test_what_dos_programs_end_a_text_with_is_no_record(land, end):
    assert land(f"编号,姓名\r\n1,张三\r\n2,李四{end}")[0] == GOOD


def test_carriage_returns_alone_end_lines_where_nothing_else_does(land):
    assert land("编号,姓名\r1,张三\r2,李四\r")[0] == GOOD


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", ["utf-8", "auto", "gb18030", "utf-16"])
def test_utf_16_without_a_mark_is_recognised(land, encoding, declared):
    text = "编号,姓名\r\n1,张三\r\n2,李四\r\n".encode(encoding)
    assert land(text, encoding=declared)[0] == GOOD


def test_zeroes_in_other_text_make_no_utf_16(tmp_path):
    file = tmp_path / "in.csv"
    file.write_bytes(b"a,b\n1,x\0\0\0\0\n2,y\n")
    assert detect(file, "utf-8").name == "utf-8"


def test_big5_is_told_from_gb18030_by_its_characters(land):
    columns = (SourceColumn("source_key", "編號", primary_key=True), SourceColumn("name", "姓名"))
    rows, _ = land(TRADITIONAL.encode("big5"), columns, encoding="auto")
    assert rows[0][2].startswith("陳國華示範縣")
    with pytest.raises(UnreadableDelivery, match="reads as Big5"):
        land(TRADITIONAL.encode("big5"), columns, encoding="gb18030", delimiter=",")


@pytest.mark.parametrize("encoding", ["auto", "utf-8"])
def test_a_file_of_big5_that_was_read_as_gbk_stops(land, encoding):
    misread = TRADITIONAL.split("\n", 1)[1].encode("big5").decode("gb18030")
    with pytest.raises(UnreadableDelivery, match="Big5 that somebody read as GBK"):
        land("编号,姓名\n" + misread, encoding=encoding)


@pytest.mark.parametrize(
    "text",
    [
        "简体：示范省云州市东湖区长青街道明月路1号，张三。",
        TRADITIONAL, "René Müller, à é è ù ò ê",
        "艾力·买买提,·,——,·,——", "·,··,—", "ぁ,ぁ,ぁ,ぁ,ぁ",
    ],
)  # fmt: skip
def test_gb18030_is_not_taken_for_big5(tmp_path, text):
    file = tmp_path / "in.csv"
    file.write_bytes((text * 5).encode("gb18030"))
    assert detect(file, "auto").name == "gb18030"
    assert not reads_like_big5((text * 5).encode("gb18030"))


def test_titles_above_the_header_are_no_records(land):
    assert land("云州市登记表\n日期:2026-06-30\n编号,姓名\n1,张三\n")[0] == [(4, "1", "张三", None)]


def test_the_row_of_the_header_and_several_rows(land):
    numbered = (SourceColumn("key", "column_1", primary_key=True), SourceColumn("n", "column_2"))
    assert land("1,张三\n", numbered, header_row=0)[0] == [(1, "1", "张三", None)]


@pytest.mark.parametrize("header_row", [1, None])
def test_a_header_of_two_lines_is_joined(land, header_row):
    columns = (SourceColumn("key", "编号", primary_key=True), SourceColumn("n", "本人_姓名"))
    text = "编号,本人,\n,姓名,电话\n1,张三,139\n"
    rows, _ = land(text, columns, header_row=header_row, header_rows=2)
    assert rows == [(3, "1", "张三", None)]


ESCAPED = (
    "编号\t姓名\n1\t张\\\t三\n2\t李\\\n四\n\\N\t\\N\n"
    '3\t"王\\"五"\n4\t"赵\\\\"\n5\tC:\\\\d\n6\t"a\nb"\n'
)


@pytest.mark.parametrize("block", [1 << 20, 7])
def test_what_an_escape_takes_literally_is_part_of_its_field(make_source, tmp_path, block):
    file = tmp_path / "in.csv"
    file.write_text(ESCAPED, encoding="utf-8")
    source = make_source(delimiter="\t", escape="\\")
    chunks = list(read_delimited(source, file, "utf-8", block))
    rows = [
        pair for chunk in chunks
        for pair in zip(*(column.to_pylist() for column in chunk.columns.values()), strict=True)
    ]  # fmt: skip
    assert rows == [
        ("1", "张\t三"), ("2", "李\n四"), ("\\N", "\\N"), ("3", '王"五'), ("4", "赵\\"),
        ("5", "C:\\d"), ("6", "a\nb"),
    ]  # fmt: skip
    assert not [defect for chunk in chunks for defect in chunk.defects]


def test_without_an_escape_a_backslash_is_a_character(land):
    assert land("编号,姓名\n1,张\\三\n")[0] == [(2, "1", "张\\三", None)]


@pytest.mark.parametrize("quote", ["'", "|", "~"])
def test_the_quotation_mark_is_what_the_contract_says(land, quote):
    rows, _ = land(f"编号,姓名\n1,{quote}张,三{quote}\n", quote=quote)
    assert rows == [(2, "1", "张,三", None)]


PARTS = [
    b"a\n", "张".encode(), "𠮷".encode(), "é".encode(), b"\xe5", b"\xbc\xa0", b"\xf0\x9f", b"\xff",
    b"\xef\xbb\xbf",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(st.sampled_from(PARTS), max_size=9),
    block=st.integers(1, 9),
)  # fmt: skip
def test_blocks_of_utf_8_are_the_file_with_marks_where_it_is_none(tmp_path_factory, parts, block):
    content = b"".join(parts)
    file = tmp_path_factory.mktemp("blocks") / "in.csv"
    file.write_bytes(content)
    whole = content.decode("utf-8", "baselib.mark").removeprefix("\ufeff")
    assert b"".join(utf8_blocks(file, "utf-8", block)) == whole.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("was", "seen_as"),
    [("utf-8", "gbk"), ("gbk", "latin-1"), ("utf-8", "latin-1"), ("utf-8", "cp1252")],
)
@pytest.mark.parametrize("encoding", ["auto", "utf-8"])
def test_a_header_that_was_misread_is_told_as_such(land, was, seen_as, encoding):
    text = "编号,姓名,其他\n1,张三,x\n2,李四,x\n"
    misread = text.encode(was).decode(seen_as, "replace")
    with pytest.raises(UnreadableDelivery, match=r"saved again before it was delivered: .* is '"):
        land(misread, encoding=encoding)
