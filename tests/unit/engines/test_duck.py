"""The engine keeps to the settings, downloads nothing, and leaves no spill of the dead."""

import socket
import subprocess
import sys
from pathlib import Path

import ibis
import pytest

from pipelines.engines.duck import arrow_reader, connect
from pipelines.settings import load_settings


def test_the_engine_has_the_memory_and_threads_of_the_settings(tmp_path: Path):
    con = connect(load_settings(home=tmp_path, memory_limit="512MB", threads=1))
    asked = "SELECT current_setting('threads'), current_setting('autoinstall_known_extensions')"
    assert con.con.execute(asked).fetchone() == (1, False)
    limit = con.con.execute("SELECT current_setting('memory_limit')").fetchone()
    assert limit == ("488.2 MiB",)
    con.disconnect()


def test_what_does_not_fit_spills_and_is_swept_when_its_process_is_dead(tmp_path: Path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    settings = load_settings(home=tmp_path, memory_limit="100MB", threads=1)
    left = settings.scratch_dir / f"duck-{socket.gethostname()}-{dead.pid}-abc"
    mine = settings.scratch_dir / f"duck-{socket.gethostname()}-1-abc"
    left.mkdir(parents=True)
    mine.mkdir()
    con = connect(settings)
    assert not left.exists()
    assert mine.exists()
    numbers = ibis.range(3_000_000).unnest().name("i").as_table()
    wide = numbers.mutate(text=numbers.i.hash().cast("string").repeat(4)).order_by("text")
    con.to_parquet(wide, tmp_path / "sorted.parquet")
    con.disconnect()
    assert [path for path in settings.scratch_dir.iterdir() if path != mine] == []


def test_rows_stream_as_arrow_batches(tmp_path: Path):
    con = connect(load_settings(home=tmp_path))
    rows = ibis.range(10_000).unnest().name("i").as_table()
    batches = [batch.num_rows for batch in arrow_reader(con, rows, batch_size=3000)]
    assert sum(batches) == 10_000
    assert len(batches) > 1
    con.disconnect()


@pytest.mark.parametrize(
    ("limit", "threads", "share"),
    [("3GB", 4, ("1.5GB", 2)), ("512 MiB", 1, ("256MiB", 1)), ("1.5GiB", 3, ("0.75GiB", 1))],
)
def test_jobs_share_the_memory_and_the_threads(tmp_path, limit, threads, share):
    whole = load_settings(home=tmp_path, memory_limit=limit, threads=threads)
    half = whole.shared_by(2)
    assert (half.memory_limit, half.threads) == share
    assert whole.shared_by(1).threads == threads
    connect(half)  # DuckDB takes the limit as it is written


def test_no_progress_bar_reaches_a_pipe_or_a_log(tmp_path: Path):
    con = connect(load_settings(home=tmp_path))
    setting = "SELECT current_setting('enable_progress_bar')"
    assert con.con.execute(setting).fetchall() == [(False,)]
    con.disconnect()
