"""Landing: what is kept, what is refused, and that a batch is the same however often it is run."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.contracts.column_names import stored_name
from pipelines.contracts.source import SourceColumn
from pipelines.errors import BatchChanged, DeliveryMissing, MissingColumn, UnreadableDelivery
from pipelines.extract import fingerprint_delivery, land_delivery
from pipelines.extract.connections.files import copy_files, fingerprint
from pipelines.extract.raw import RawWriter

BATCH = "20260630"
GOOD = "编号,姓名,备注\n1,张三,\n坏行\n2,李四,x\n"


@pytest.fixture
def land(tmp_path):
    def landed(source, batch=BATCH, watermark=None):
        return land_delivery(source, batch, tmp_path / "landing", tmp_path / "scratch", watermark)

    return landed


def rows(delivery):
    return [row for path in delivery.parquet_paths for row in pq.read_table(path).to_pylist()]


def deliver(tmp_path: Path, content: str = GOOD, name: str = f"in_{BATCH}.csv") -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode())
    return file


def test_raw_is_every_line_as_text_with_batch_file_and_line(make_source, tmp_path, land):
    file = deliver(tmp_path)
    delivery = land(make_source())
    where = {"_batch": BATCH, "_file": file.name}
    good = {"_defect": None, "_text": None}
    assert rows(delivery) == [
        {"编号": "1", "姓名": "张三", "备注": "", **where, "_line": 2, **good},
        {"编号": None, "姓名": None, "备注": None, **where, "_line": 3,
         "_defect": "RAGGED_LINE", "_text": "坏行"},
        {"编号": "2", "姓名": "李四", "备注": "x", **where, "_line": 4, **good},
    ]  # fmt: skip
    assert (delivery.rows, delivery.defective) == (3, 1)
    assert delivery.unmapped_columns == ("备注",)
    assert delivery.encoding == "utf-8"
    landed = tmp_path / "landing/civil_affairs__tests" / BATCH / file.name
    assert landed.read_bytes() == file.read_bytes()
    content = hashlib.sha256(file.read_bytes()).digest()
    assert delivery.fingerprint == hashlib.sha256(content).hexdigest()
    assert delivery.fingerprint == fingerprint_delivery(make_source(), BATCH)


def test_the_same_batch_again_gives_the_same_bytes_even_when_the_file_is_gone(
    make_source, tmp_path, land
):
    file = deliver(tmp_path)
    first = land(make_source())
    before = [path.read_bytes() for path in first.parquet_paths]
    file.unlink()
    second = land(make_source())
    assert second == first
    assert [path.read_bytes() for path in second.parquet_paths] == before


def test_a_batch_that_changed_is_refused(make_source, tmp_path, land):
    deliver(tmp_path)
    land(make_source())
    deliver(tmp_path, GOOD + "3,王五,\n")
    with pytest.raises(BatchChanged):
        land(make_source())


def test_a_delivery_that_failed_may_be_replaced(make_source, tmp_path, land):
    deliver(tmp_path, "编号,名字\n1,张三\n")
    with pytest.raises(MissingColumn, match="姓名"):
        land(make_source())
    assert not list((tmp_path / "landing/civil_affairs__tests").iterdir())
    deliver(tmp_path)
    assert land(make_source()).rows == 3


def test_what_a_killed_run_left_behind_is_swept_away(make_source, tmp_path, land):
    deliver(tmp_path)
    folder = tmp_path / "landing/civil_affairs__tests"
    (folder / f".{BATCH}.part").mkdir(parents=True)
    (folder / f".{BATCH}.part" / "half.csv").write_text("编号,姓名\n9,half\n")
    assert land(make_source()).rows == 3
    assert [file.name for file in folder.iterdir()] == [BATCH]


def test_nothing_delivered(make_source, land):
    with pytest.raises(DeliveryMissing, match=f"in_{BATCH}.csv"):
        land(make_source())
    assert fingerprint_delivery(make_source(), BATCH) is None


def test_all_files_of_a_pattern_are_one_delivery(make_source, tmp_path, land):
    deliver(tmp_path, "编号,姓名\n1,张三\n", "part_1.csv")
    deliver(tmp_path, "姓名,备注,编号\n李四,x,2\n", "part_2.csv")
    deliver(tmp_path, "half", ".part_3.csv")
    delivery = land(make_source(location=str(tmp_path / "part_*.csv")))
    found = [(row["_file"], row["编号"], row["姓名"], row.get("备注")) for row in rows(delivery)]
    assert found == [("part_1.csv", "1", "张三", None), ("part_2.csv", "2", "李四", "x")]
    assert delivery.files == ("part_1.csv", "part_2.csv")


def test_two_files_of_one_name_are_refused(make_source, tmp_path, land):
    deliver(tmp_path, GOOD, "a/in.csv")
    deliver(tmp_path, GOOD, "b/in.csv")
    with pytest.raises(UnreadableDelivery, match="have this name"):
        land(make_source(location=str(tmp_path / "*/in.csv")))


@pytest.mark.parametrize("location", ["in_{batch}.csv", "*.csv", "in_*/a_{batch}.csv"])
def test_a_link_in_a_delivery_is_not_followed(make_source, tmp_path, land, location):
    """What it leads to may be ours, and nobody's delivery: the site's key, say."""
    deliver(tmp_path / "elsewhere", name=f"a_{BATCH}.csv")
    deliver(tmp_path / "elsewhere", name=f"in_{BATCH}.csv")
    drop = tmp_path / "drop"
    drop.mkdir()
    if "/" in location:
        (drop / "in_1").symlink_to(tmp_path / "elsewhere")
    else:
        (drop / f"in_{BATCH}.csv").symlink_to(tmp_path / "elsewhere" / f"in_{BATCH}.csv")
    source = make_source(location=str(drop / location))
    with pytest.raises(UnreadableDelivery, match="It is a link"):
        land(source)
    with pytest.raises(UnreadableDelivery, match="It is a link"):
        fingerprint_delivery(source, BATCH)
    assert not [*(tmp_path / "landing").rglob("*.csv")]


def test_the_site_s_own_folder_may_be_a_link(make_source, tmp_path, land):
    deliver(tmp_path / "disk" / "drop")
    (tmp_path / "drop").symlink_to(tmp_path / "disk" / "drop")
    assert land(make_source(location=str(tmp_path / "drop" / "in_{batch}.csv"))).rows == 3
    assert land(make_source(location=str(tmp_path / "drop" / "*.csv"))).rows == 3


def test_a_link_that_takes_a_file_s_place_meanwhile_is_not_read(tmp_path):
    file = deliver(tmp_path)
    (tmp_path / "link.csv").symlink_to(file)
    for read in (
        lambda one: copy_files([one], tmp_path / "copied"),
        lambda one: fingerprint([one]),
    ):
        with pytest.raises(OSError, match="symbolic links"):
            read(tmp_path / "link.csv")


def test_a_file_in_another_encoding_than_declared_is_remarked_on(make_source, tmp_path, land):
    deliver(tmp_path)
    delivery = land(make_source(encoding="gb18030"))
    assert rows(delivery)[0]["姓名"] == "张三"
    assert delivery.remarks == (
        f"in_{BATCH}.csv：字符编码与约定的不同，已按实际编码读取（约定 gb18030，实际 utf-8）。",
    )  # a sentence, which a report tells as it is


def test_a_delivery_without_records_has_its_columns(make_source, tmp_path, land):
    deliver(tmp_path, "编号,姓名\n")
    delivery = land(make_source())
    assert delivery.rows == 0
    assert pq.read_schema(delivery.parquet_paths[0]).names[:2] == ["编号", "姓名"]


@pytest.mark.parametrize("content", ["", "not json\n"])
def test_json_lines_without_a_record_have_the_columns_of_the_contract(
    make_source, tmp_path, land, content
):
    deliver(tmp_path, content)
    delivery = land(make_source(format="jsonl"))
    assert delivery.rows == delivery.defective == len(content.splitlines())
    names = {name for path in delivery.parquet_paths for name in pq.read_schema(path).names}
    assert {"编号", "姓名", "_line"} <= names


def test_json_records_may_leave_out_what_they_do_not_have(make_source, tmp_path, land):
    deliver(tmp_path, '{"编号": "1"}\n{"编号": "2", "姓名": "李四", "x": 1}\n')
    delivery = land(make_source(format="jsonl"))
    assert [(row["编号"], row["姓名"]) for row in rows(delivery)] == [("1", None), ("2", "李四")]
    assert delivery.unmapped_columns == ("x",)
    deliver(tmp_path, '{"编号": "1"}\n', "in_20260701.csv")
    with pytest.raises(MissingColumn, match="姓名"):
        land(make_source(format="jsonl"), "20260701")


def test_columns_that_differ_in_capitals_only_are_two(make_source, tmp_path, land):
    deliver(tmp_path, '{"编号": "1", "姓名": "a", "xm": 1}\n{"编号": "2", "XM": 2, " xm ": 3}\n')
    delivery = land(make_source(format="jsonl"))
    first, second = rows(delivery)
    assert delivery.unmapped_columns == ("xm", "XM", " xm ")
    assert (first["xm"], second["xm"], second[stored_name("XM")]) == ("1", None, "2")
    assert second[stored_name(" xm ")] == "3"


def test_columns_that_nobody_maps_may_share_a_name_or_have_none(make_source, tmp_path, land):
    deliver(tmp_path, "备注,编号,姓名,备注,,备注 (2)\na,1,张三,b,c,d\n")
    delivery = land(make_source())
    assert delivery.unmapped_columns == ("备注", "备注 (3)", "column_5", "备注 (2)")
    (row,) = rows(delivery)
    texts = [row[stored_name(name)] for name in delivery.unmapped_columns]
    assert (texts, row["编号"]) == (["a", "b", "c", "d"], "1")


def test_several_columns_may_be_taken_from_one(make_source, tmp_path, land):
    deliver(tmp_path, "编号\n1\n")
    columns = (
        SourceColumn("source_key", "编号", primary_key=True),
        SourceColumn("citizen_id", "编号", element="citizen_id"),
    )
    assert land(make_source(columns=columns)).rows == 1


def test_row_groups_are_written_as_they_fill(make_source, tmp_path, land, monkeypatch):
    """Memory is bounded: nothing waits for the end of the file."""
    monkeypatch.setattr("pipelines.extract.raw.GROUP_ROWS", 100)
    flushed = []
    flush = RawWriter._flush
    monkeypatch.setattr(
        RawWriter, "_flush",
        lambda self: (flushed.append(sum(map(len, self._pending))), flush(self))[1],
    )  # fmt: skip
    monkeypatch.setattr("pipelines.extract.reading.read_delimited", small_blocks)
    deliver(tmp_path, "编号,姓名\n" + "".join(f"{n},张三\n" for n in range(1000)))
    assert land(make_source()).rows == 1000
    assert max(flushed) < 150
    assert min(flushed[:-1]) >= 100


def small_blocks(source, file, encoding):
    from pipelines.extract.formats.text.delimited import read_delimited

    return read_delimited(source, file, encoding, block=512)


def test_a_file_that_is_delivered_under_two_names_is_told(make_source, tmp_path):
    """As long as another, or equal to it: of one size are many, and only equal ones are told."""
    for name, text in (("a", "1,张三"), ("a - 副本", "1,张三"), ("b", "2,李四"), ("c", "3,王五七")):
        (tmp_path / f"{name}_{BATCH}.csv").write_text(f"编号,姓名\n{text}\n", "utf-8")
    source = make_source(location=str(tmp_path / "*_{batch}.csv"))
    delivery = land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    assert delivery.rows == 4
    assert delivery.remarks == (
        f"a_{BATCH}.csv：与 a - 副本_{BATCH}.csv 内容完全相同，是同一文件的重复报送。",
    )
