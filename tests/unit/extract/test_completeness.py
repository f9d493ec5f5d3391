"""A delivery that is not whole is not taken, and what it lacks is said."""

import gzip
import os
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.servers.completeness import count_on
from pipelines.errors import DeliveryMissing, DeliveryUnfinished, RowsMissing
from pipelines.extract import land_delivery, read_sample
from pipelines.extract.completeness import require_whole

BATCH = "20260630"
HEADER, ROWS = "编号,姓名,备注", ["1,张三,a", "2,李四,b", "3,王五,c"]


def write(tmp_path, *lines, name=f"in_{BATCH}.csv", end="\n", encoding="utf-8"):
    file = tmp_path / name
    file.write_bytes(("\n".join(lines) + end).encode(encoding))
    return file


def land(source, tmp_path):
    return land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("{file}.ok", f"in_{BATCH}.csv.ok"), ("{stem}.done", f"in_{BATCH}.done"),
     ("flags/{batch}.end", f"flags/{BATCH}.end")],
)  # fmt: skip
def test_a_delivery_without_its_marker_is_not_taken(make_source, tmp_path, pattern, name):
    source = make_source(marker=pattern)
    write(tmp_path, HEADER, *ROWS)
    with pytest.raises(DeliveryUnfinished, match=name.rpartition("/")[2]):
        land(source, tmp_path)
    assert not (tmp_path / "landing" / source.name / BATCH).exists()
    marker = tmp_path / name
    marker.parent.mkdir(exist_ok=True)
    marker.touch()
    assert land(source, tmp_path).rows == 3
    marker.unlink()  # what has been taken needs it no more
    assert land(source, tmp_path).rows == 3


def test_a_marker_is_no_delivery_where_the_pattern_takes_it(make_source, tmp_path):
    source = make_source(marker="{file}.ok", location=str(tmp_path / "in_*"))
    for place in ("东", "西"):
        file = write(tmp_path, HEADER, *ROWS, name=f"in_{place}.csv")
        file.with_name(f"{file.name}.ok").touch()
    delivery = land(source, tmp_path)
    assert (delivery.rows, len(delivery.files)) == (6, 2)


def test_a_marker_alone_is_no_delivery(make_source, tmp_path):
    (tmp_path / f"in_{BATCH}.csv.ok").touch()
    with pytest.raises(DeliveryMissing):
        land(make_source(marker="{file}.ok"), tmp_path)


def test_a_file_that_was_changed_just_now_is_not_taken(make_source, tmp_path):
    source = make_source(settle_minutes=10)
    file = write(tmp_path, HEADER, *ROWS)
    with pytest.raises(DeliveryUnfinished, match="changed 0 minute"):
        land(source, tmp_path)
    written = file.stat().st_mtime
    with pytest.raises(DeliveryUnfinished, match="changed 9 minute"):
        require_whole(source, BATCH, [file], now=written + 599)
    assert require_whole(source, BATCH, [file], now=written + 600) == {}
    os.utime(file, (written - 3600, written - 3600))
    assert land(source, tmp_path).rows == 3


@pytest.mark.parametrize(
    "trailer", ["共3条", "共 3 条,,", '"共3条"', "共００3条", '"共0,003条",'],
)  # fmt: skip
def test_the_line_that_says_how_many_rows_there_are_is_none(make_source, tmp_path, trailer):
    source = make_source(count_line="共{rows}条")
    write(tmp_path, HEADER, *ROWS, trailer)
    delivery = land(source, tmp_path)
    assert (delivery.rows, delivery.defective, delivery.remarks) == (3, 0, ())


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_fewer_rows_than_the_file_says_are_not_taken(make_source, tmp_path, encoding):
    source = make_source(count_line="TRL,*,{rows}", encoding=encoding)
    write(tmp_path, HEADER, *ROWS, f"TRL,{BATCH},5", encoding=encoding)
    with pytest.raises(RowsMissing, match=r"should have 5 row.*has 3: 2 are missing"):
        land(source, tmp_path)
    assert not (tmp_path / "landing" / source.name / BATCH).exists()


def test_a_record_that_is_like_it_is_one_unless_it_is_the_last(make_source, tmp_path):
    source = make_source(count_line="*,*,{rows}")
    write(tmp_path, HEADER, "1,张三,7", "2,李四,8", "结束,共,2")
    assert land(source, tmp_path).rows == 2


def test_more_rows_than_the_file_says_are_remarked_on(make_source, tmp_path):
    source = make_source(count_line="共{rows}条")
    write(tmp_path, HEADER, *ROWS, "共2条")
    delivery = land(source, tmp_path)
    assert delivery.rows == 3
    assert "比其注明的 2 行多" in delivery.remarks[0] or "more than" in delivery.remarks[0]


def test_a_file_that_should_say_it_and_does_not_was_cut_off(make_source, tmp_path):
    source = make_source(count_line="共{rows}条")
    write(tmp_path, HEADER, *ROWS)
    with pytest.raises(DeliveryUnfinished, match="rows are missing"):
        land(source, tmp_path)


@pytest.mark.parametrize("said", ["4", "rows: 4\n", "4\r\n"])
def test_a_marker_may_say_how_many_rows_there_are(make_source, tmp_path, said):
    example = "rows:{rows}" if "rows" in said else "{rows}"
    source = make_source(marker="{file}.ok", count_line=example, count_in_marker=True)
    file = write(tmp_path, HEADER, *ROWS)
    marker = file.with_name(f"{file.name}.ok")
    marker.write_text(said, "gb18030")
    with pytest.raises(RowsMissing, match="has 3: 1 are missing"):
        land(source, tmp_path)
    marker.write_text(said.replace("4", "3"), "gb18030")
    assert land(source, tmp_path).rows == 3
    (file.parent / "elsewhere").mkdir()
    marker.write_text("done", "gb18030")
    with pytest.raises(DeliveryUnfinished, match="no line like"):
        require_whole(source, BATCH, [file])


def test_a_marker_of_several_files_counts_them_together(make_source, tmp_path):
    source = make_source(marker="{batch}.ok", count_line="{rows}", count_in_marker=True,
                         location=str(tmp_path / "in_*.csv"))  # fmt: skip
    for place in ("东", "西"):
        write(tmp_path, HEADER, *ROWS, name=f"in_{place}.csv")
    (tmp_path / f"{BATCH}.ok").write_text("7", "ascii")
    with pytest.raises(RowsMissing, match="has 6: 1 are missing"):
        land(source, tmp_path)
    (tmp_path / f"{BATCH}.ok").write_text("6", "ascii")
    assert land(source, tmp_path).rows == 6


def test_a_contract_may_say_the_least_number_of_rows(make_source, tmp_path):
    source = make_source(min_rows=4)
    file = write(tmp_path, HEADER, *ROWS)
    with pytest.raises(RowsMissing, match="should have 4"):
        land(source, tmp_path)
    (tmp_path / "scratch").mkdir(exist_ok=True)
    assert read_sample(source, file, BATCH, tmp_path / "scratch").rows == 3  # a sample may be short
    assert land(replace(source, server=replace(source.server, min_rows=3)), tmp_path).rows == 3


def test_a_workbook_may_say_how_many_rows_it_has(make_source, tmp_path):
    source = make_source(format="xlsx", count_line="合计*{rows}",
                         location=str(tmp_path / "in_{batch}.xlsx"))  # fmt: skip
    book = openpyxl.Workbook()
    for row in [HEADER.split(","), ["1", "张三", ""], ["2", "李四", ""], ["合计", "", 2]]:
        book.active.append(row)
    book.save(tmp_path / f"in_{BATCH}.xlsx")
    assert land(source, tmp_path).rows == 2


@pytest.mark.parametrize(
    ("lines", "end", "told"),
    [
        (["3,王"], "", True),
        (["3,王"], "\n", False),
        (["3,王五,c"], "", False),
        (["3"], "\r", False),
        (["3,王五,2026-06-01", "4,李四,2026-06-02", "5,钱七,2026-0"], "", True),
        (["3,王五,2026-06-01", "4,李四,2026-06-02", "5,钱七,2026-0"], "\n", False),
        (["3,王五,2026-06-01", "4,李四,2026-06-02", "5,钱七,2026-06-03"], "", False),
        (["3,王五,2026-06", "4,李四,2026-06-02", "5,钱七,2026"], "", False),
    ],
)
def test_a_text_that_ends_within_a_line_is_told(make_source, tmp_path, lines, end, told):
    first = ROWS[:2] if len(lines) == 1 else ()
    write(tmp_path, HEADER, *first, *lines, end=end)
    remarks = land(make_source(), tmp_path).remarks
    assert any("cut off" in each or "没有传完" in each for each in remarks) is told


def test_packed_text_is_not_taken_for_cut_off(make_source, tmp_path):
    text = "\n".join([HEADER, *ROWS, "3,王"]) + "\n"
    (tmp_path / f"in_{BATCH}.csv").write_bytes(gzip.compress(text.encode()))
    assert land(make_source(), tmp_path).remarks == ()


WORDS = st.text(st.sampled_from("共计条TRL|;:- 。"), max_size=6)


@given(WORDS, WORDS, st.integers(0, 10**9), st.booleans(), st.sampled_from(",;\t|"))
def test_a_line_written_by_its_example_says_its_number(before, after, rows, grouped, delimiter):
    example = f"{before}{{rows}}{after}"
    number = f"{rows:,}" if grouped and delimiter != "," else str(rows)
    assert count_on(f"{before}{number}{after}", example, BATCH, delimiter) == rows
    assert count_on(f"{before}X{after}", example, BATCH, delimiter) is None
