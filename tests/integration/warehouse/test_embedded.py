"""The embedded server: found by every process, and back after whatever killed it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.errors import DatabaseUnavailable
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import connect, database_url, ensure_database, stop_embedded
from pipelines.warehouse.server.embedded import EmbeddedServer

PROJECT = Path(__file__).parents[3]
ASK = """
from pipelines.settings import load_settings
from pipelines.warehouse import database_url
import sys
print(database_url(load_settings(home=sys.argv[1])))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's ``tmp_path``, for the reason given at ``postgres_home``."""
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as made:
        yield Path(made)


@pytest.fixture
def home(folder: Path) -> Iterator[Path]:
    yield folder / "home"
    stop_embedded(load_settings(home=folder / "home"))


def in_another_process(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", ASK, str(home)]
    return subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def kill(home: Path) -> None:
    """As ``kill -9`` does; a moment later the kernel has closed its socket."""
    os.kill(postmaster(home), signal.SIGKILL)
    while EmbeddedServer(home / "postgres").socket_dir():
        time.sleep(0.05)


def answer(settings: Settings) -> int:
    with connect(settings).connect() as connection:
        return int(connection.execute(text("SELECT 1")).scalar_one())


def test_four_processes_that_start_at_once_share_one_server_and_it_outlives_them(home: Path):
    asked = [in_another_process(home) for _ in range(4)]
    outputs = [process.communicate(timeout=120) for process in asked]
    assert {errors for _, errors in outputs} == {""}  # and nothing is printed besides
    assert {out.strip() for out, _ in outputs} == {database_url(load_settings(home=home))}
    assert answer(load_settings(home=home)) == 1


def test_a_killed_server_comes_back_with_its_data(home: Path):
    settings = load_settings(home=home)
    with connect(settings).begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS value"))
    kill(home)
    with connect(settings).connect() as connection:
        assert connection.execute(text("SELECT value FROM kept")).scalar_one() == 7


def test_a_pid_file_whose_number_is_another_program_s_now_does_not_stop_the_start(home: Path):
    settings = load_settings(home=home)
    database_url(settings)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    kill(home)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert answer(settings) == 1


def test_a_deleted_home_is_a_clean_start_while_the_old_server_still_runs(home: Path):
    settings = load_settings(home=home)
    with connect(settings).begin() as connection:
        connection.execute(text("CREATE TABLE old ()"))
    orphan = postmaster(home)
    shutil.rmtree(home)
    with connect(settings).connect() as connection:
        assert connection.execute(text("SELECT to_regclass('old')")).scalar() is None
    os.kill(orphan, signal.SIGTERM)  # it would end by itself within a minute
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and Path(f"/proc/{orphan}").exists():
        time.sleep(0.1)
    assert answer(settings) == 1  # the old server took nothing of the new one with it


def test_a_home_with_a_long_and_awkward_name(folder: Path):
    home = folder / ("很长的目录" * 10) / "with space, comma"
    settings = load_settings(home=home)
    try:
        assert answer(settings) == 1
    finally:
        stop_embedded(settings)


def test_databases_are_made_on_demand_and_once(home: Path):
    settings = load_settings(home=home)
    assert ensure_database(settings, "airflow") == ensure_database(settings, "airflow")
    assert "/airflow?" in ensure_database(settings, "airflow")


def test_a_half_made_data_directory_is_made_again(home: Path):
    (home / "postgres" / "making-dead").mkdir(parents=True)
    (home / "postgres" / "data").mkdir()
    assert answer(load_settings(home=home)) == 1
    assert not (home / "postgres" / "making-dead").exists()


def test_stopping_stops_and_may_be_repeated(home: Path):
    settings = load_settings(home=home)
    stop_embedded(settings)
    database_url(settings)
    stop_embedded(settings)
    stop_embedded(settings)
    assert EmbeddedServer(home / "postgres").socket_dir() is None
    assert answer(settings) == 1


def test_only_the_server_s_user_and_root_may_use_the_socket(home: Path):
    database_url(load_settings(home=home))
    socket_dir = EmbeddedServer(home / "postgres").socket_dir()
    assert socket_dir
    assert socket_dir.stat().st_mode & 0o077 == 0


def test_an_external_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    settings = load_settings(home=tmp_path, database_url="postgresql://me:hush@127.0.0.1:1/baselib")
    with pytest.raises(DatabaseUnavailable, match="BASELIB_DATABASE_URL") as caught:
        connect(settings)
    assert "hush" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
