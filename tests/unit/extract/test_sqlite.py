"""Databases, on SQLite: everything but what only PostgreSQL has is the same code."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipelines.errors import DeliveryMissing, MissingColumn, UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.connections import database
from pipelines.extract.limits import Limits

BATCH = "20260630"


@pytest.fixture
def execute(tmp_path):
    def run(*statements, values=()):
        with closing(sqlite3.connect(tmp_path / "源 %.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement, values)

    run("CREATE TABLE 人员 (编号, 姓名, 时间)")
    run("INSERT INTO 人员 VALUES (1, '张三', '2026-06-01'), (2.5, NULL, '2026-06-02')")
    run("INSERT INTO 人员 VALUES ('', x'01FF', NULL)")
    return run


@pytest.fixture
def land(make_source, tmp_path):
    def landed(batch=BATCH, watermark=None, **changes):
        changes.setdefault("table", None if "query" in changes else "人员")
        location = f"sqlite:///{tmp_path / '源 %.db'}"
        source = make_source(kind="database", format="table", **{"location": location} | changes)
        return land_delivery(source, batch, tmp_path / "landing", tmp_path / "scratch", watermark)

    return landed


def rows(delivery):
    return [
        (row["编号"], row["姓名"], row["_line"])
        for path in delivery.parquet_paths
        for row in pq.read_table(path).to_pylist()
    ]


@pytest.mark.parametrize(("rows_at_a_time", "slice_rows"), [(2, 1), (3, 1), (2, 5), (9, 2)])
def test_a_table_becomes_text_row_by_row(execute, land, monkeypatch, rows_at_a_time, slice_rows):
    monkeypatch.setattr(database, "ROWS", rows_at_a_time)
    monkeypatch.setattr(database, "SLICE", slice_rows)
    delivery = land()
    assert rows(delivery) == [("1", "张三", 1), ("2.5", None, 2), ("", "01FF", 3)]
    assert delivery.files == ("人员.parquet",)
    assert delivery.unmapped_columns == ("时间",)


def test_no_more_rows_wait_than_a_row_group_has(execute, land, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "ROWS", 2)
    monkeypatch.setattr(database, "SLICE", 1)
    land()
    landed = pq.ParquetFile(tmp_path / "landing/civil_affairs__tests" / BATCH / "人员.parquet")
    groups = range(landed.num_row_groups)
    assert [landed.metadata.row_group(number).num_rows for number in groups] == [2, 1]


def test_a_landed_batch_stays_what_it_was(execute, land):
    first = land()
    execute("DELETE FROM 人员")
    assert land() == first


def test_a_query_knows_batch_and_watermark(execute, land):
    query = "SELECT :batch AS 编号, coalesce(:watermark, '-') AS 姓名, '12:30' AS 时间"
    assert rows(land(query=query)) == [(BATCH, "-", 1)]
    assert rows(land("20260701", "w", query=query)) == [("20260701", "w", 1)]


def test_a_delta_takes_up_where_the_last_one_stopped(execute, land):
    delta = {"delivery": "delta", "watermark_column": "时间"}
    first = land(**delta)
    assert (first.rows, first.watermark) == (3, "2026-06-02")
    execute("INSERT INTO 人员 VALUES (4, '赵六', '2026-07-01')")
    second = land("20260701", first.watermark, **delta)
    assert [key for key, _, _ in rows(second)] == ["2.5", "4"]
    assert second.watermark == "2026-07-01"
    third = land("20260702", "2026-08-01", **delta)
    assert (third.rows, third.watermark) == (0, "2026-08-01")


def test_a_snapshot_of_nothing_has_its_columns(execute, land):
    execute("DELETE FROM 人员")
    delivery = land()
    assert delivery.rows == 0
    assert pq.read_schema(delivery.parquet_paths[0]).names[:3] == ["编号", "姓名", "时间"]


def test_a_database_that_is_not_there_is_not_created(land, tmp_path):
    missing = tmp_path / "missing.db"
    with pytest.raises(DeliveryMissing, match=r"missing\.db"):
        land(location=f"sqlite:///{missing}")
    assert not missing.exists()


def test_nothing_can_be_written(execute, land):
    with pytest.raises(UnreadableDelivery, match="readonly"):
        land(query="DELETE FROM 人员 RETURNING 编号, 姓名")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"table": "企业"}, UnreadableDelivery, "no such table"),
        ({"query": "SELEC 1"}, UnreadableDelivery, "syntax error"),
        ({"query": "SELECT 编号 FROM 人员"}, MissingColumn, "姓名"),
        ({"delivery": "delta", "watermark_column": "改"}, MissingColumn, "改"),
    ],
)
def test_what_the_contract_gets_wrong_is_said(execute, land, changes, error, message):
    with pytest.raises(error, match=message):
        land(**changes)


GBK = "x'D5C5C8FD'"  # 张三


def test_a_row_whose_text_does_not_decode_is_set_aside_alone(execute, land):
    execute(f"INSERT INTO 人员 VALUES ('9', CAST({GBK} AS TEXT), '0000-00-00')")
    execute("INSERT INTO 人员 VALUES ('10', '王五', NULL)")
    delivery = land()
    found = [
        (row["编号"], row["_line"], row["_defect"], row["_text"])
        for path in delivery.parquet_paths
        for row in pq.read_table(path).to_pylist()
    ]
    assert found[3:] == [
        (None, 4, "UNDECODABLE_BYTES", "编号=9\t姓名=\\xD5\\xC5\\xC8\\xFD\t时间=0000-00-00"),
        ("10", 5, None, None),
    ]
    assert (delivery.rows, delivery.defective) == (5, 1)


@pytest.mark.parametrize("encoding", ["gb18030", "auto"])
def test_the_encoding_of_a_database_is_used(execute, land, encoding):
    execute("DELETE FROM 人员", f"INSERT INTO 人员 VALUES ('9', CAST({GBK} AS TEXT), NULL)")
    assert rows(land(encoding=encoding)) == [("9", "张三", 1)]


def test_text_in_utf_8_stays_right_where_the_contract_says_gbk(execute, land):
    execute("DELETE FROM 人员", f"INSERT INTO 人员 VALUES ('9', CAST({GBK} AS TEXT), NULL)")
    execute("INSERT INTO 人员 VALUES ('10', '王五', NULL)")
    assert [name for _, name, _ in rows(land(encoding="gb18030"))] == ["张三", "王五"]


def test_text_that_a_program_wrote_as_bytes_is_text(execute, land, source):
    """In a column of words; what is no text stays hexadecimal, and so does a binary key."""
    execute(
        "DELETE FROM 人员",
        f"INSERT INTO 人员 VALUES (x'00FF', {GBK}, NULL), ('2', x'E78E8BE4BA94', NULL)",
        "INSERT INTO 人员 VALUES ('3', x'FF00', NULL)",
    )
    columns = [replace(c, element="person_name" if c.name == "person_name" else c.element)
               for c in source.columns]  # fmt: skip
    delivery = land(encoding="gb18030", columns=columns)
    assert [row[:2] for row in rows(delivery)] == [("00FF", "张三"), ("2", "王五"), ("3", "FF00")]


def test_a_column_may_have_an_encoding_of_its_own(execute, land, source):
    execute("DELETE FROM 人员")
    execute(
        "INSERT INTO 人员 VALUES ('1', ?, NULL)", values=["张三".encode("gbk").decode("latin-1")]
    )
    execute(f"INSERT INTO 人员 VALUES ('2', CAST({GBK} AS TEXT), NULL), ('3', '李四', NULL)")
    columns = [replace(c, encoding="gb18030" if c.name == "person_name" else None)
               for c in source.columns]  # fmt: skip
    assert [name for _, name, _ in rows(land(columns=columns))] == ["张三", "张三", "李四"]


def test_a_statement_may_take_only_so_long(make_source, execute, tmp_path):
    endless = "WITH RECURSIVE n(编号) AS (SELECT 1 UNION ALL SELECT 编号 + 1 FROM n) "
    source = make_source(
        kind="database", format="table", location=f"sqlite:///{tmp_path / '源 %.db'}",
        query=endless + "SELECT max(编号) AS 编号, 1 AS 姓名 FROM n",
    )  # fmt: skip
    with pytest.raises(UnreadableDelivery, match="BASELIB_STATEMENT_TIMEOUT"):
        database.fetch_table(source, BATCH, tmp_path, None, Limits(statement_seconds=0))
