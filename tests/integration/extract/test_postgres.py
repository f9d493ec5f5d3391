"""A PostgreSQL database as a source: real types, a real cursor, and nothing but reading."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from psycopg2.extensions import encodings
from sqlalchemy import create_engine, make_url, text

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import UnreadableDelivery
from pipelines.extract import Delivery, land_delivery
from pipelines.extract.connections import database
from pipelines.extract.limits import STANDARD, Limits
from pipelines.settings import Settings

BATCH = "20260630"
Land = Callable[..., Delivery]


@pytest.fixture(scope="module")
def url(module_settings: Settings) -> str:
    """A database with one table of a department, and a role that may read it."""
    assert module_settings.database_url is not None
    url = make_url(module_settings.database_url.get_secret_value())
    engine = create_engine(url.set(drivername="postgresql+psycopg2"))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA gov"))
        connection.execute(text("CREATE SEQUENCE gov.counter"))
        connection.execute(
            text(
                'CREATE TABLE gov."人员" ("编号" bigint, "姓名" text, "金额" numeric(12, 2), '
                '"占比" float8, "在册" bool, "出生" date, "时间" timestamp, "附" jsonb, "照" bytea)'
            )
        )
        connection.execute(
            text(
                """INSERT INTO gov."人员" VALUES
                (110105199001011234, '张三', 1.50, 0.1, true, '1990-01-01',
                 '2026-06-01 08:00:00.5', '{"a": [1]}', '\\x01ff'),
                (2, '', NULL, NULL, NULL, NULL, '2026-06-02', NULL, NULL)"""
            )
        )
    engine.dispose()
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def land(url: str, tmp_path: Path) -> Land:
    def landed(
        batch: str = BATCH,
        watermark: str | None = None,
        limits: Limits = STANDARD,
        location: str = url,
        **server: object,
    ) -> Delivery:
        delivery = "delta" if "watermark_column" in server else "snapshot"
        if "query" not in server:
            server["table"] = "gov.人员"
        source = Source(
            name="health__people",
            title="",
            library="population",
            file=tmp_path / "health__people.yml",
            server=Server(kind="database", format="table", location=location, **server),
            columns=(SourceColumn("source_key", "编号", primary_key=True),),
            owner=Owner("", "", ()),
            delivery=delivery,
            schedule=None,
            frequency=timedelta(days=1),
        )
        folders = (tmp_path / "landing", tmp_path / "scratch")
        return land_delivery(source, batch, *folders, watermark, limits)

    return landed


def rows(delivery: Delivery) -> list[dict[str, object]]:
    return [row for path in delivery.parquet_paths for row in pq.read_table(path).to_pylist()]


def test_values_of_every_type_become_text(land):
    first, second = rows(land())
    assert {name: value for name, value in first.items() if not name.startswith("_")} == {
        "编号": "110105199001011234",
        "姓名": "张三",
        "金额": "1.50",
        "占比": "0.1",
        "在册": "true",
        "出生": "1990-01-01",
        "时间": "2026-06-01 08:00:00.500000",
        "附": '{"a":[1]}',
        "照": "01FF",
    }
    assert [second["姓名"], second["金额"], second["照"]] == ["", None, None]
    assert (first["_file"], first["_line"]) == ("gov.人员.parquet", 1)


def test_a_delta_takes_up_where_the_last_one_stopped(land):
    first = land(watermark_column="时间")
    assert (first.rows, first.watermark) == (2, "2026-06-02 00:00:00")
    second = land("20260701", first.watermark, watermark_column="时间")
    assert [row["编号"] for row in rows(second)] == ["2"]


def test_a_query_knows_the_watermark(land):
    query = (
        'SELECT * FROM gov."人员" '
        "WHERE CAST(:watermark AS timestamp) IS NULL OR 时间 > CAST(:watermark AS timestamp)"
    )
    assert land(query=query).rows == 2
    assert land("20260701", "2026-06-01 12:00", query=query).rows == 1


def test_rows_are_fetched_in_pieces(land, monkeypatch):
    monkeypatch.setattr(database, "ROWS", 1000)
    delivery = land(query='SELECT i AS "编号" FROM generate_series(1, 2500) AS i')
    assert delivery.rows == 2500
    groups = pq.ParquetFile(
        delivery.parquet_paths[0].parents[1] / "landing/health__people" / BATCH / "query.parquet"
    ).metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [1000, 1000, 500]


def test_nothing_can_be_written(land):
    with pytest.raises(UnreadableDelivery, match="ReadOnlySqlTransaction"):
        land(query="SELECT nextval('gov.counter') AS \"编号\"")


def test_what_the_contract_gets_wrong_is_said_without_quoting_data(land):
    with pytest.raises(UnreadableDelivery, match="does not exist"):
        land(query="SELECT 1 FROM gov.nobody")
    with pytest.raises(UnreadableDelivery) as caught:
        land(query='SELECT CAST("姓名" AS bigint) AS "编号" FROM gov."人员"')
    assert "张三" not in str(caught.value)
    assert "InvalidTextRepresentation" in str(caught.value)


def test_bytes_of_a_database_without_encoding_are_decoded_row_by_row(land, url):
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            text("CREATE DATABASE bytes ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
        )
    engine.dispose()
    encodings["SQLASCII"] = "utf-8"
    old = create_engine(make_url(url).set(database="bytes"))
    gbk = "convert_from('\\xd5c5c8fd', 'SQL_ASCII')"
    with old.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA gov")
        connection.exec_driver_sql('CREATE TABLE gov."人员" ("编号" text, "姓名" varchar(20))')
        connection.exec_driver_sql(
            f"INSERT INTO gov.\"人员\" VALUES ('1', {gbk}), ('2', '李四'), ('3', NULL)"
        )
    location = old.url.render_as_string(hide_password=False)
    old.dispose()
    found = rows(land(location=location))
    assert [(row["姓名"], row["_defect"]) for row in found] == [
        (None, "UNDECODABLE_BYTES"), ("李四", None), (None, None),
    ]  # fmt: skip
    found = rows(land("20260701", location=location, encoding="auto"))
    assert [row["姓名"] for row in found] == ["张三", "李四", None]


def test_a_statement_may_take_only_so_long(land):
    with pytest.raises(UnreadableDelivery, match="BASELIB_STATEMENT_TIMEOUT"):
        land(query='SELECT pg_sleep(9) AS "编号"', limits=Limits(statement_seconds=1))
