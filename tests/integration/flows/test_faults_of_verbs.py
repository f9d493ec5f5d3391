"""What gives way beneath a batch: it is told, and mended by running again."""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from pipelines import flows
from pipelines.errors import RawFilesLost
from pipelines.flows.shared import session as session_module
from pipelines.flows.shared.session import open_session
from pipelines.lake import open_lake
from pipelines.lake.lock import work_lock
from pipelines.settings import Settings
from tests.integration.repair.conftest import GOOD, Department, make_department

BATCH = "20260601"
MEMORY = Path("/dev/shm")


@pytest.fixture
def department(settings: Settings, tmp_path: Path) -> Iterator[Department]:
    made = make_department(settings, tmp_path / "in", "snapshot")
    yield made
    made.engine.dispose()


def deliver(department: Department, batch: str = BATCH) -> None:
    department.deliver(batch, *((str(number), *GOOD[1:]) for number in range(10)))


def raw_files(department: Department) -> list[Path]:
    with closing(open_lake(department.settings)) as lake:
        return lake.files(f"raw.{department.source.name}", BATCH)


def test_a_raw_file_that_is_gone_is_landed_again_from_its_copy(department: Department):
    deliver(department)
    files = raw_files(department)
    before = [file.read_bytes() for file in files]
    files[0].unlink()
    landed = flows.land(department.settings, department.source, BATCH)
    assert (landed.rows, landed.changed) == (10, True)
    assert [file.read_bytes() for file in raw_files(department)] == before
    assert flows.stage(department.settings, department.source, BATCH).staged == 10


def test_a_raw_file_that_was_cut_short_is_landed_again_too(department: Department):
    deliver(department)
    (file,) = raw_files(department)
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    flows.land(department.settings, department.source, BATCH)
    assert file.read_bytes() == whole


def test_without_a_true_copy_the_department_is_asked(department: Department, tmp_path: Path):
    deliver(department)
    raw_files(department)[0].unlink()
    name = department.source.name
    shutil.rmtree(department.settings.landing_dir / name / BATCH)
    for delivered in (tmp_path / "in").rglob(f"*{BATCH}*"):
        delivered.write_bytes(b"".join(delivered.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(RawFilesLost, match="ask the department"):
        flows.land(department.settings, department.source, BATCH)


@pytest.mark.skipif(not MEMORY.is_dir(), reason="there is no second file system here")
def test_lake_and_scratch_may_be_file_systems_of_their_own(department: Department):
    home = department.settings.home
    apart = Path(tempfile.mkdtemp(dir=MEMORY))
    assert apart.stat().st_dev != home.stat().st_dev
    try:
        shutil.rmtree(home / "scratch", ignore_errors=True)
        (home / "scratch").symlink_to(apart, target_is_directory=True)
        deliver(department)
        for verb in (flows.check, flows.report):
            verb(department.settings, department.source, BATCH)
        assert all(file.stat().st_dev != apart.stat().st_dev for file in raw_files(department))
    finally:
        shutil.rmtree(apart)


def test_who_comes_second_waits_and_says_so(
    department: Department, caplog: pytest.LogCaptureFixture
):
    deliver(department)
    name = department.source.name
    with ThreadPoolExecutor(1) as second, open_session(department.settings) as session:
        with (
            caplog.at_level(logging.WARNING),
            work_lock(session.lake.catalog.engine, f"source {name}"),
        ):
            waiting = second.submit(flows.stage, department.settings, department.source, BATCH)
            deadline = time.monotonic() + 60
            while not caplog.messages and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not waiting.done()
        assert waiting.result(timeout=120).staged == 10
    assert [f"another process works on source {name}" in each for each in caplog.messages] == [True]


def test_a_lost_database_does_not_hide_what_ended_a_verb(
    department: Department, monkeypatch: pytest.MonkeyPatch
):
    def lost(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(session_module, "record_timing", lost)
    with (
        open_session(department.settings) as session,
        pytest.raises(ZeroDivisionError),
        session.timed("a source", BATCH, "stage"),
    ):
        raise ZeroDivisionError
