"""The embedded server: found by every process, and back after whatever killed it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

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
        Path(made).chmod(0o711)  # for the user who runs the server
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
        waits = connection.execute(text("SELECT current_setting('fsync')")).scalar_one()
    assert waits == "on"  # what is committed outlives a power failure


def test_a_throwaway_server_waits_for_no_disk(home: Path):
    EmbeddedServer(home / "postgres").make_throwaway()
    names = ("fsync", "synchronous_commit", "full_page_writes")
    with connect(load_settings(home=home)).connect() as connection:
        asked = [text(f"SELECT current_setting('{name}')") for name in names]
        assert [connection.execute(query).scalar_one() for query in asked] == ["off"] * 3
    EmbeddedServer(home / "postgres").stop(for_good=True)
    assert EmbeddedServer(home / "postgres").socket_dir() is None
    log = (home / "postgres" / "server.log").read_text()
    assert "shutting down" not in log  # and wrote nothing


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


def copy_while_it_runs(home: Path, copy: Path) -> None:
    def without_sockets(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if (Path(folder) / name).is_socket()]

    shutil.copytree(home, copy, ignore=without_sockets)
    if os.geteuid() == 0:
        owner = (home / "postgres" / "data").stat()
        for path in (copy / "postgres").rglob("*"):
            os.chown(path, owner.st_uid, owner.st_gid)


def test_a_copied_home_has_a_server_of_its_own_and_never_asks_the_original(home: Path):
    settings, copy = load_settings(home=home), home.parent / "copy"
    with connect(settings).begin() as connection:
        connection.execute(text("CREATE TABLE written AS SELECT 1 AS value"))
        connection.execute(text("CHECKPOINT"))
    original = postmaster(home)
    copy_while_it_runs(home, copy)
    copied = load_settings(home=copy)
    try:
        with connect(copied).begin() as connection:
            connection.execute(text("UPDATE written SET value = 2"))
        assert postmaster(copy) != original
        assert database_url(copied) != database_url(settings)
        with connect(settings).connect() as connection:
            assert connection.execute(text("SELECT value FROM written")).scalar_one() == 1
        assert postmaster(home) == original
    finally:
        stop_embedded(copied)
    assert answer(settings) == 1


def test_stopping_a_copy_does_not_stop_the_original(home: Path):
    settings, copy = load_settings(home=home), home.parent / "copy"
    database_url(settings)
    copy_while_it_runs(home, copy)
    stop_embedded(load_settings(home=copy))
    assert EmbeddedServer(home / "postgres").socket_dir()


def test_a_home_that_was_moved_while_its_server_ran_is_served_at_its_new_place(home: Path):
    settings, moved = load_settings(home=home), home.parent / "moved"
    with connect(settings).begin() as connection:
        connection.execute(text("CREATE TABLE written AS SELECT 7 AS value"))
    home.rename(moved)
    try:
        with connect(load_settings(home=moved)).connect() as connection:
            assert connection.execute(text("SELECT value FROM written")).scalar_one() == 7
    finally:
        stop_embedded(load_settings(home=moved))


def test_nothing_in_the_home_is_for_others_and_no_folder_above_is_touched(folder: Path):
    home = folder / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)  # as earlier versions made it
    before = {parent: parent.stat().st_mode for parent in home.parents}
    try:
        database_url(load_settings(home=home))
        assert home.stat().st_mode & 0o067 == 0
        for path in (home / "postgres").rglob("*"):
            assert path.lstat().st_mode & 0o067 == 0, path
        assert {parent: parent.stat().st_mode for parent in home.parents} == before
    finally:
        stop_embedded(load_settings(home=home))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
def test_a_folder_above_that_is_closed_is_named_and_stays_closed(folder: Path):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DatabaseUnavailable, match=r"may not pass through .*/closed\. Run baselib"):
        database_url(load_settings(home=closed / "home"))
    assert closed.stat().st_mode & 0o777 == 0o700


def test_no_value_reaches_the_server_s_log_and_nobody_else_reads_it(home: Path):
    settings = load_settings(home=home)
    for statement in (
        "CREATE TABLE held (name text PRIMARY KEY)",
        "INSERT INTO held VALUES ('110105194912310021')",
        "INSERT INTO held VALUES ('110105194912310021')",
        "SELECT CAST('110105194912310021x' AS bigint)",
        "SELECT 110105194912310021 / 0",
    ):
        with suppress(DBAPIError), connect(settings).begin() as connection:
            connection.execute(text(statement))
    log = EmbeddedServer(home / "postgres").log
    assert log.stat().st_mode & 0o077 == 0
    assert "ready to accept connections" in log.read_text()
    assert "110105194912310021" not in log.read_text()


def test_the_server_gets_no_secret_and_no_setting_of_ours(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BASELIB_SECRET_CIVIL_AFFAIRS", "hush-hush")
    monkeypatch.setenv("BASELIB_SMTP_URL", "smtp://me:hush-hush@mail.example")
    database_url(load_settings(home=home))
    environment = Path(f"/proc/{postmaster(home)}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"hush-hush" not in environment
