"""MariaDB through its SQLAlchemy driver, where a server and the driver are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.limits import Limits

pymysql = pytest.importorskip("pymysql")
SERVER = shutil.which("mariadbd") or shutil.which("mysqld")
pytestmark = pytest.mark.skipif(SERVER is None, reason="no MariaDB or MySQL server is installed")
SOURCE = Source(
    name="civil_affairs__people",
    title="",
    library="population",
    file=Path("/contracts/civil_affairs__people.yml"),
    server=Server(kind="database", format="table", location="unset", table="people"),
    columns=(
        SourceColumn("source_key", "编号", primary_key=True),
        SourceColumn("person_name", "姓名", element="person_name", encoding="gb18030"),
    ),
    owner=Owner("", "", ()),
    delivery="snapshot",
    schedule=None,
    frequency=timedelta(days=1),
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server of its own, without accounts, on the loopback interface."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="baselib-maria-") as folder:
        own = ["--user=nobody"] if os.geteuid() == 0 else []
        if own:
            shutil.chown(folder, "nobody")
        places = [f"--datadir={folder}", f"--socket={folder}/s", f"--port={port}"]
        command = [str(SERVER), "--no-defaults", "--skip-grant-tables", *places, *own]
        command.append("--bind-address=127.0.0.1")
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _fill(port)
            yield f"mysql+pymysql://root@127.0.0.1:{port}/hr"
        finally:
            server.terminate()
            server.wait()


def _fill(port: int) -> None:
    for _ in range(100):
        try:
            connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
            break
        except pymysql.err.OperationalError:
            time.sleep(0.1)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute("CREATE DATABASE hr")
        cursor.execute(
            "CREATE TABLE hr.people (编号 varchar(9), 姓名 varchar(20) CHARACTER SET latin1,"
            " 日期 date, 金额 decimal(12, 2))"
        )
        name = "王小明".encode("gbk").decode("latin1")  # as an old program wrote it
        rows = [("1", name, "0000-00-00", 5), ("2", None, "2026-06-30", None)]
        cursor.executemany("INSERT INTO hr.people VALUES (%s, %s, %s, %s)", rows)


def land(folder: Path, location: str, **server: Any) -> list[dict[str, Any]]:
    source = replace(SOURCE, server=replace(SOURCE.server, location=location, **server))
    limits = Limits(statement_seconds=1)
    delivery = land_delivery(source, "20260630", folder / "l", folder / "s", limits=limits)
    return [row for path in delivery.parquet_paths for row in pq.read_table(path).to_pylist()]


def test_a_table_is_read_with_zero_dates_and_gbk_in_latin1(address: str, tmp_path: Path):
    first, second = land(tmp_path, address)
    assert (first["编号"], first["姓名"]) == ("1", "王小明")
    assert (first["日期"], first["金额"]) == ("0000-00-00", "5.00")
    assert (second["姓名"], second["日期"], second["金额"]) == (None, "2026-06-30", None)


def test_a_query_may_take_only_so_long_and_may_not_write(address: str, tmp_path: Path):
    slow = {"table": None, "query": "SELECT 编号, 姓名, SLEEP(9) FROM people"}
    with pytest.raises(UnreadableDelivery, match="took too long"):
        land(tmp_path, address, **slow)
    written = {"table": None, "query": "SELECT 编号, 姓名 FROM people FOR UPDATE"}
    with pytest.raises(UnreadableDelivery, match="cannot answer"):
        land(tmp_path / "w", address, **written)
    with pytest.raises(UnreadableDelivery, match="doesn't exist"):
        land(tmp_path / "n", address, table="nothing")
