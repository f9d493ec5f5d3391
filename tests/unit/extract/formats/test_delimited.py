"""Delimited text comes back exactly, with the right lines, and rubbish harms its own line only."""

import csv
import gzip
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.encodings import choose
from pipelines.extract.formats.text import delimited
from pipelines.extract.formats.text.delimited import read_delimited
from pipelines.extract.formats.text.records import _stray_returns, _walk, lay_out

HEADER = "编号,姓名\n"


def rows_of(source: Source, file: Path, encoding: str, block: int = 1 << 20):
    """Records as {line: row}, and defects as {line: (rule, text)}."""
    rows, defects = {}, {}
    for chunk in read_delimited(source, file, encoding, block):
        values = zip(*(column.to_pylist() for column in chunk.columns.values()), strict=True)
        for line, row in zip(chunk.lines.tolist(), values, strict=True):
            assert line not in rows
            rows[line] = row
        for defect in chunk.defects:
            assert defect.line not in defects
            defects[defect.line] = (defect.rule, defect.text)
    return rows, defects


def read(source, file, content, encoding="utf-8", block=1 << 20):
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return rows_of(source, file, encoding, block)


ENCODINGS = ["utf-8", "gb18030", "utf-16-le", "utf-16-be"]
# Everything that text can hold except NUL's peers that end a line for str.splitlines is fair game:
# quotes, delimiters, line ends, byte order marks, four-byte characters. Ctrl-Z ends a file or joins
# two, so it has tests of its own.
text = st.text(
    st.one_of(
        st.sampled_from('",|\n\r;\t 　·张﻿'),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x1a"),
    ),
    max_size=6,
)
tables = st.lists(st.tuples(text, text, text), max_size=12)


@given(
    rows=tables,
    encoding=st.sampled_from(ENCODINGS),
    delimiter=st.sampled_from([",", "|", "\t", "|@|", "¦"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    block=st.integers(1, 40),
    last_line_end=st.booleans(),
    packed=st.booleans(),
)
@settings(deadline=None, max_examples=100)
def test_a_table_comes_back_as_it_was_written(
    source,
    tmp_path_factory,
    rows,
    encoding,
    delimiter,
    line_end,
    quoting,
    block,
    last_line_end,
    packed,
):
    body, lines, line = [], {}, 2
    for row in rows:
        written = delimiter.join(quoted(value, delimiter, quoting) for value in row)
        lines[line] = row
        body.append(written)
        line += written.count("\n") + 1
    content = line_end.join([delimiter.join(["编号", "姓名", "备注"]), *body])
    content += line_end if last_line_end or not rows else ""
    data = content.encode(encoding)
    file = tmp_path_factory.mktemp("round") / "in.csv"
    file.write_bytes(gzip.compress(data) if packed else data)
    of_file = replace(source, server=replace(source.server, delimiter=delimiter))
    assert rows_of(of_file, file, encoding, block) == (lines, {})


def quoted(value: str, delimiter: str, quoting: int) -> str:
    odd = value == "" or any(c in value for c in '"\r\n') or delimiter[0] in value
    if quoting == csv.QUOTE_ALL or odd:
        return '"' + value.replace('"', '""') + '"'
    return value


@given(st.text(st.sampled_from('a",\n\r\0'), max_size=30), st.sampled_from([b'"', None]))
@settings(max_examples=500)
def test_records_found_by_counting_are_those_found_by_walking(body, quote):
    text = body.encode()
    found = lay_out(text, b",", quote, final=True)
    walked = _walk(text, len(text), b",", quote, final=True)
    assert found.starts.tolist() == walked.starts.tolist()
    assert found.ends.tolist() == walked.ends.tolist()
    assert list(found.malformed) == walked.malformed
    assert found.consumed == walked.consumed


@given(st.text(st.sampled_from("a\n\r"), max_size=9).map(str.encode))
def test_a_carriage_return_is_stray_unless_a_line_feed_follows(text):
    octets = np.frombuffer(text, np.uint8)
    stray = text.count(b"\r") > text.count(b"\r\n")
    assert _stray_returns(octets, np.flatnonzero(octets == ord("\n"))) == stray


@given(st.text(st.sampled_from('a",\n\r'), max_size=30), st.integers(1, 7))
@settings(deadline=None, max_examples=200)
def test_every_line_is_accounted_for_whatever_is_in_it(source, tmp_path_factory, body, block):
    """No line is lost or counted twice, and what is accepted is what Python's reader reads."""
    file = tmp_path_factory.mktemp("noise") / "in.csv"
    content = "编号,姓名\n" + body
    file.write_bytes(content.encode())
    rows, defects = rows_of(source, file, "utf-8", block)
    starts = sorted([*rows, *defects])
    physical = content.split("\n")
    covered = set()
    for line in starts:
        value = rows.get(line)
        extra = sum(field.count("\n") for field in value) if value else 0
        span = range(line, line + extra + 1)
        assert not covered & set(span)
        covered |= set(span)
        if value:
            raw = "\n".join(physical[line - 1 : line + extra])
            read = next(csv.reader(io.StringIO(raw, newline="")))
            assert read in (list(value), [*value, ""])  # an empty field at the end is left out
        else:
            assert defects[line][1] == physical[line - 1].rstrip("\r")
    blank = {n for n, text in enumerate(physical, 1) if text in ("", "\r")}
    assert covered | blank | {1} == set(range(1, len(physical) + 1))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        pytest.param("1", "RAGGED_LINE", id="too few fields"),
        pytest.param("1,2,3", "RAGGED_LINE", id="too many fields"),
        pytest.param('"1,张三', "MALFORMED_LINE", id="a quotation mark is never closed"),
        pytest.param('1,"张"三', "MALFORMED_LINE", id="text after the closing mark"),
        pytest.param("1,张\r三", "MALFORMED_LINE", id="a lone carriage return"),
    ],
)
def test_rubbish_harms_its_own_line_only(source, tmp_path, line, rule):
    content = f'{HEADER}7,"李\n四"\n{line}\n8,王五\n'
    rows, defects = read(source, tmp_path / "in.csv", content)
    assert rows == {2: ("7", "李\n四"), 5: ("8", "王五")}
    assert defects == {4: (rule, line)}


def test_a_mark_inside_an_unquoted_field_is_an_ordinary_character(source, tmp_path):
    rows, defects = read(source, tmp_path / "in.csv", f'{HEADER}1,5" 管\n2,"王五"\n')
    assert rows == {2: ("1", '5" 管'), 3: ("2", "王五")}
    assert not defects


def test_lines_tied_together_by_two_forgotten_marks_are_told_apart(source, tmp_path):
    content = f'{HEADER}1,"张三\n2,李四\n3,",王五\n4,赵六\n'
    rows, defects = read(source, tmp_path / "in.csv", content)
    assert rows == {3: ("2", "李四"), 5: ("4", "赵六")}
    assert {line: rule for line, (rule, _) in defects.items()} == {
        2: "MALFORMED_LINE",
        4: "MALFORMED_LINE",
    }


def test_a_forgotten_mark_at_the_end_of_a_long_file_does_not_swallow_it(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr("pipelines.extract.formats.text.records.MAX_RECORD", 200)
    body = "".join(f"{n},张三\n" for n in range(3, 300))
    rows, defects = read(source, tmp_path / "in.csv", f'{HEADER}2,"李四\n{body}', block=64)
    assert set(rows) == set(range(3, 300))
    assert defects == {2: ("MALFORMED_LINE", '2,"李四')}


def test_an_unclosed_mark_is_given_up_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("pipelines.extract.formats.text.records.MAX_RECORD", 20)
    text = b'1,"a\n' + b"2,b\n" * 10
    layout = lay_out(text, b",", b'"', final=False)
    assert layout.malformed == [(0, 5)]
    assert layout.consumed == len(text)


def test_a_byte_order_mark_inside_the_text_is_kept(source, tmp_path):
    content = "\ufeff" + HEADER + "\ufeff1,张三\n"
    assert read(source, tmp_path / "in.csv", content)[0] == {2: ("\ufeff1", "张三")}


@pytest.mark.parametrize(
    ("encoding", "bad", "shown"),
    [
        ("gb18030", b"\x81 \xff", r"\x81 \xFF"),
        ("utf-8", b"\xe5\xbc", r"\xE5\xBC"),
        ("utf-8", b"\xe2 \x82\xac", r"\xE2 \x82\xAC"),  # without the blank, a euro sign
        ("utf-16-le", b"\x00\xd8", r"\x00\xD8"),
    ],
)
def test_bytes_that_do_not_decode_are_shown_and_set_aside(source, tmp_path, encoding, bad, shown):
    good = [text.encode(encoding) for text in (HEADER, "1,", "\n", "2,李四\n")]
    content = good[0] + good[1] + bad + good[2] + good[3]
    rows, defects = read(source, tmp_path / "in.csv", content, encoding, block=5)
    assert rows == {3: ("2", "李四")}
    assert defects == {2: ("UNDECODABLE_BYTES", f"1,{shown}")}


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_a_utf8_line_in_a_gb18030_file_is_not_read_as_nonsense(source, tmp_path, block):
    before = f"{HEADER}1,张三\n".encode("gb18030")
    after = "3,联通\n4,王五".encode("gb18030")
    content = before + "2,李四光，张\r\n".encode() + after
    rows, defects = read(source, tmp_path / "in.csv", content, "gb18030", block)
    assert rows == {2: ("1", "张三"), 4: ("3", "联通"), 5: ("4", "王五")}
    assert defects == {3: ("MIXED_ENCODING", "2,李四光，张")}


def test_a_gb18030_line_in_a_utf8_file_is_set_aside(source, tmp_path):
    content = f"{HEADER}1,张三\n".encode() + "2,李四\n".encode("gb18030")
    rows, defects = read(source, tmp_path / "in.csv", content, "utf-8")
    assert rows == {2: ("1", "张三")}
    assert defects == {3: ("UNDECODABLE_BYTES", r"2,\xC0\xEE\xCB\xC4")}


def test_empty_lines_are_no_records_and_still_count_as_lines(source, tmp_path):
    rows, defects = read(source, tmp_path / "in.csv", f"\n\r\n{HEADER}\n1,张三\r\n\r\n\n2,李四\n\n")
    assert rows == {5: ("1", "张三"), 8: ("2", "李四")}
    assert not defects


def test_without_a_quotation_mark_in_the_contract_marks_are_ordinary(tmp_path, make_source):
    source = make_source(quote=None, delimiter="|")
    rows, defects = read(source, tmp_path / "in.csv", '编号|姓名\n1|"张三\n2|李"四"\n')
    assert rows == {2: ("1", '"张三'), 3: ("2", '李"四"')}
    assert not defects


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "empty", id="nothing at all"),
        pytest.param("1,张三\n".encode(), "no header line", id="no header"),
        pytest.param("编号;姓名\n".encode(), "no header line", id="another delimiter"),
        pytest.param("编号,姓名,姓名\n".encode(), "columns 2, 3", id="a mapped name twice"),
        pytest.param(gzip.compress(HEADER.encode() * 99)[:-9], "damaged", id="half an archive"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(source, tmp_path, content, problem):
    with pytest.raises(UnreadableDelivery, match=problem):
        read(source, tmp_path / "in.csv", content)


def test_a_refusal_never_quotes_the_first_line_of_a_file_without_header(source, tmp_path):
    with pytest.raises(UnreadableDelivery) as caught:
        read(source, tmp_path / "in.csv", "110101199001010001,张三丰\n")
    assert "张三丰" not in str(caught.value)
    assert "110101" not in str(caught.value)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(source, tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "MAX_LINE", 1000)
    with pytest.raises(UnreadableDelivery, match="longer than"):
        read(source, tmp_path / "in.csv", HEADER + "x" * 5000, block=100)


def test_no_chunk_is_larger_than_a_block(source, tmp_path):
    """Memory is bounded by the block, not by the file."""
    file = tmp_path / "in.csv"
    file.write_text(HEADER + "".join(f"{n},张三\n" for n in range(20_000)), encoding="utf-8")
    sizes = [len(chunk.lines) for chunk in read_delimited(source, file, "utf-8", block=4096)]
    assert sum(sizes) == 20_000
    assert max(sizes) < 500


@pytest.mark.parametrize(
    ("written", "declared", "read_as", "differs"),
    [
        ("utf-8", "utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", "utf-8", False),
        ("gb18030", "gb18030", "gb18030", False),
        ("utf-16", "utf-16", "utf-16-le", False),
        ("utf-8", "gb18030", "utf-8", True),
        ("utf-8", "auto", "utf-8", False),
        ("gb18030", "auto", "gb18030", False),
        ("utf-16", "auto", "utf-16-le", False),
        ("utf-16", "gb18030", "utf-16-le", True),
        ("ascii", "gb18030", "gb18030", False),
        ("ascii", "auto", "utf-8", False),
    ],
)
def test_encoding_is_what_the_file_is(tmp_path, make_source, written, declared, read_as, differs):
    file = tmp_path / "in.csv"
    content = "id,name\n1,a\n" if written == "ascii" else f"{HEADER}1,联通\n2,张三\n"
    file.write_bytes(content.encode(written))
    encoding = choose(make_source(encoding=declared), file)
    assert (encoding.name, encoding.differs) == (read_as, differs)


@pytest.mark.parametrize("name", ["联通", "模"])  # the second is ģ in UTF-8
def test_gb18030_that_is_valid_utf8_by_accident_stays_what_it_is_declared(
    tmp_path, make_source, name
):
    file = tmp_path / "in.csv"
    file.write_bytes(f"id,name\n1,{name}\n".encode("gb18030"))
    assert choose(make_source(encoding="gb18030"), file).name == "gb18030"


def test_a_gb18030_file_declared_as_utf8_is_for_a_person_to_decide(tmp_path, make_source):
    file = tmp_path / "in.csv"
    file.write_bytes(f"{HEADER}1,张三\n2,李四\n".encode("gb18030"))
    with pytest.raises(UnreadableDelivery, match="gb18030, as a rule"):
        choose(make_source(encoding="utf-8"), file)
