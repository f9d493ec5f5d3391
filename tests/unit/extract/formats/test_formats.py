"""Excel, JSON lines and Parquet: each value as the text that was delivered, each with its row."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats import jsonlines
from pipelines.extract.formats.excel import read_excel
from pipelines.extract.formats.jsonlines import read_json_lines, read_page
from pipelines.extract.formats.parquet import read_parquet


def gathered(chunks):
    """Records as {line: {column: text}}, and defects as {line: rule}."""
    records, defects = {}, {}
    for chunk in chunks:
        columns = {name: column.to_pylist() for name, column in chunk.columns.items()}
        for place, line in enumerate(chunk.lines.tolist()):
            records[line] = {name: values[place] for name, values in columns.items()}
        defects |= {defect.line: defect.rule for defect in chunk.defects}
    return records, defects


def workbook(file: Path, *rows, title="Sheet1") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("007", "007"),
        (" 张三\n", " 张三\n"),
        (7, "7"),
        (1.5, "1.5"),
        (0.0000001, "0.0000001"),
        (110105199001011234, "1.10105199001011E+17"),  # what Excel leaves of 18 digits
        (dt.date(2026, 6, 30), "2026-06-30"),
        (dt.datetime(2026, 6, 30, 8, 5), "2026-06-30 08:05:00"),  # noqa: DTZ001
        (True, "TRUE"),
        (None, ""),
    ],
)
def test_a_cell_is_what_a_person_sees(source, tmp_path, cell, shown):
    if cell == 110105199001011234:
        cell = 1.10105199001011e17  # as Excel itself saves it: 15 digits
    file = workbook(tmp_path / "in.xlsx", ["编号", "姓名"], ["1", cell])
    assert gathered(read_excel(source, file)) == ({2: {"编号": "1", "姓名": shown}}, {})


def test_titles_above_the_header_and_empty_rows_are_no_records(source, tmp_path):
    rows = [["婚姻登记表"], [], ["编号", "姓名", None], ["1", "张三"], [], ["2"]]
    file = workbook(tmp_path / "in.xlsx", *rows)
    assert gathered(read_excel(source, file, rows=1)) == (
        {4: {"编号": "1", "姓名": "张三"}, 6: {"编号": "2", "姓名": ""}},
        {},
    )


cells = st.one_of(
    st.none(),
    st.just(""),
    st.text("张a0", min_size=1, max_size=3),
    st.integers(-99, 99),
    st.booleans(),
)


@given(rows=st.lists(st.lists(cells, max_size=4), max_size=8), size=st.integers(1, 4))
@settings(deadline=None, max_examples=50)
def test_a_sheet_comes_back_row_by_row(source, tmp_path_factory, rows, size):
    file = tmp_path_factory.mktemp("sheet") / "in.xlsx"
    workbook(file, ["编号", "姓名"], *rows)
    records, ragged = {}, {}
    for line, row in enumerate(rows, start=2):
        written = [as_seen(cell) for cell in row] + [""] * 4
        if any(written[2:]):
            ragged[line] = "RAGGED_LINE"
        elif any(written):
            records[line] = {"编号": written[0], "姓名": written[1]}
    assert gathered(read_excel(source, file, rows=size)) == (records, ragged)


def as_seen(cell) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return "" if cell is None else str(cell)


def test_a_cell_beyond_the_header_makes_its_row_ragged(source, tmp_path):
    file = workbook(tmp_path / "in.xlsx", ["编号", "姓名"], ["1", "张三", None, "x"], ["2", "李四"])
    records, defects = gathered(read_excel(source, file))
    assert set(records) == {3}
    assert defects == {2: "RAGGED_LINE"}


def test_the_sheet_of_the_contract_is_read_and_a_missing_one_is_named(make_source, tmp_path):
    file = workbook(tmp_path / "in.xlsx", ["编号", "姓名"], ["1", "张三"], title="登记")
    assert gathered(read_excel(make_source(sheet="登记"), file))[0]
    with pytest.raises(UnreadableDelivery, match="no sheet '注销', but 登记"):
        list(read_excel(make_source(sheet="注销"), file))


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 nor this"])
def test_what_is_no_workbook_is_refused(source, tmp_path, content):
    file = tmp_path / "in.xlsx"
    file.write_bytes(content)
    with pytest.raises(UnreadableDelivery, match=r"no workbook, but|damaged"):
        list(read_excel(source, file))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"张三"', "张三"),
        ('""', ""),
        ("null", None),
        ("true", "true"),
        ("110105199001011234567890", "110105199001011234567890"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ('{"a": [1.50, null, "张"]}', '{"a":[1.50,null,"张"]}'),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_a_json_value_keeps_the_text_it_was_written_in(source, tmp_path, written, text):
    file = tmp_path / "in.jsonl"
    file.write_text(f'{{"编号": "1", "姓名": {written}}}\n', encoding="utf-8")
    found = gathered(read_json_lines(source, file, "utf-8"))
    assert found == ({1: {"编号": "1", "姓名": text}}, {})


@pytest.mark.parametrize(
    "line",
    ['{"编号": "1"', "[1]", "1", '{"编号": 1, "编号": 2}', '{"姓名": "\\ud83d"}', "[" * 100_000],
    ids=["cut off", "a list", "a number", "a key twice", "half a character", "too deep"],
)
def test_a_bad_json_line_harms_itself_only(source, tmp_path, line):
    file = tmp_path / "in.jsonl"
    file.write_text(f'\n{{"编号": "1"}}\n{line}\n\n{{"编号": "2"}}', encoding="utf-8")
    records, defects = gathered(read_json_lines(source, file, "utf-8", block=9))
    assert {line: record["编号"] for line, record in records.items()} == {2: "1", 5: "2"}
    assert defects == {3: "MALFORMED_JSON"}


def test_undecodable_bytes_in_a_json_line(source, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"a": "\xff"}\n{"a": "b"}\n')
    records, defects = gathered(read_json_lines(source, file, "utf-8"))
    assert (records, defects) == ({2: {"a": "b"}}, {1: "UNDECODABLE_BYTES"})


def test_json_lines_come_in_chunks(source, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text('{"a": 1}\n' * 100)
    sizes = [len(chunk.lines) for chunk in read_json_lines(source, file, "utf-8", rows=30)]
    assert sizes == [30, 30, 30, 10]


def test_a_page_gives_its_records_by_their_place(make_source, tmp_path):
    file = tmp_path / "page.json"
    file.write_text(json.dumps({"result": {"rows": [{"a": 1}, "x", {"b": None}]}}))
    records, defects = gathered(read_page(make_source(records_path="result.rows"), file))
    assert records == {1: {"a": "1", "b": None}, 3: {"a": None, "b": None}}
    assert defects == {2: "MALFORMED_JSON"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "half", ["\\ud83d", "\\uDE00", "\ud83d"], ids=["spelt", "SPELT", "written"]
)
def test_half_a_character_on_a_page_harms_its_record_only(make_source, tmp_path, half, encoding):
    content = f'[{{"a": "😀"}}, {{"a": "{half}"}}, {{"a": ["{half}"]}}, {{"a": "张"}}]'
    file = tmp_path / "page.json"
    file.write_bytes(content.encode(encoding, "surrogatepass"))
    records, defects = gathered(read_page(make_source(records_path=""), file))
    assert records == {1: {"a": "😀"}, 4: {"a": "张"}}
    assert defects == {2: "MALFORMED_JSON", 3: "MALFORMED_JSON"}


def test_a_page_is_searched_once_however_many_records_it_has(make_source, tmp_path, monkeypatch):
    """Once a record, the time would grow with the square of a page."""
    searched = []
    search = jsonlines._may_hold_surrogates
    monkeypatch.setattr(
        jsonlines, "_may_hold_surrogates", lambda text: searched.append(text) or search(text)
    )
    file = tmp_path / "page.json"
    file.write_text(json.dumps([{"a": n} for n in range(100)]))
    records, _ = gathered(read_page(make_source(records_path=""), file))
    assert len(records) == 100
    assert len(searched) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_page_may_be_in_any_encoding_of_unicode(make_source, tmp_path, encoding):
    file = tmp_path / "page.json"
    file.write_bytes('[{"姓名": "张三😀"}]'.encode(encoding))
    records, _ = gathered(read_page(make_source(records_path=""), file))
    assert records == {1: {"姓名": "张三😀"}}


@pytest.mark.parametrize("content", ["<html>", '{"data": {}}', '{"a": 1, "a": 2}', "null"])
def test_a_page_without_records_is_refused(make_source, tmp_path, content):
    file = tmp_path / "page.json"
    file.write_text(content)
    with pytest.raises(UnreadableDelivery):
        list(read_page(make_source(), file))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array(["张三", "", None]), ["张三", "", None]),
        (pa.array([1, -2, None]), ["1", "-2", None]),
        (pa.array([1.0, 1.5, 1e300, None]), ["1", "1.5", "1e+300", None]),
        (pa.array([dt.date(2026, 6, 30)]), ["2026-06-30"]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([b"\x01\xff"]), ["01FF"]),
        (pa.array([{"a": [1, None]}]), ['{"a":[1,null]}']),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array(["张"], pa.large_string()), ["张"]),
    ],
    ids=str,
)
def test_parquet_values_become_text(source, tmp_path, values, texts):
    file = tmp_path / "in.parquet"
    pq.write_table(pa.table({"编号": values}), file)
    chunks = list(read_parquet(source, file, rows=2))
    assert [text for c in chunks for text in c.columns["编号"].to_pylist()] == texts
    assert [line for c in chunks for line in c.lines.tolist()] == list(range(1, len(texts) + 1))


def test_what_is_no_parquet_is_refused(source, tmp_path):
    file = tmp_path / "in.parquet"
    file.write_bytes(b"PAR1 not really")
    with pytest.raises(UnreadableDelivery, match="no Parquet file"):
        list(read_parquet(source, file))
