"""``baselib doctor`` finds what is wrong beneath, says what to do, and changes nothing."""

import os
import shutil
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.errors import SystemFault
from pipelines.flows import doctor as doctor_module
from pipelines.flows.doctor import check_places, examine
from pipelines.lake import open_lake
from pipelines.lake.lock import work_lock
from pipelines.settings import Settings, load_settings
from tests.integration.repair.conftest import GOOD, Department, make_department

BATCH = "20260601"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def department(settings: Settings, tmp_path: Path) -> Iterator[Department]:
    made = make_department(settings, tmp_path / "in", "snapshot")
    made.deliver(BATCH, *((str(number), *GOOD[1:]) for number in range(3)))
    yield made
    made.engine.dispose()


def faults(settings: Settings) -> dict[str, str]:
    found = [each for each in examine(settings) if not each.is_well]
    return {each.what: f"{each.state} {each.remedy}" for each in found}


def test_a_home_that_is_well_has_no_fault_and_a_damaged_one_says_what_to_do(
    department: Department,
):
    assert faults(department.settings) == {}
    table = f"staged.{department.source.name}"
    with closing(open_lake(department.settings)) as lake:
        lake.files(table)[0].unlink()
    with department.engine.begin() as connection:
        connection.execute(text("UPDATE quality.batch SET landed_at = now() + interval '1 day'"))
        connection.execute(text("UPDATE audit.alembic_version SET version_num = '0007'"))
    found = faults(department.settings)
    assert set(found) == {"lake", "tables"}
    assert f"{table}: 1 file(s) missing" in found["lake"]
    assert f"--source {department.source.name}" in found["lake"]
    assert "baselib db upgrade" in found["tables"]
    with department.engine.begin() as connection:
        head = doctor_module.missing_migrations(department.engine)[-1]
        connection.execute(text("UPDATE audit.alembic_version SET version_num = :v"), {"v": head})
    assert "Set the clock" in faults(department.settings)["clock"]


def test_who_works_is_named(department: Department):
    with (
        closing(open_lake(department.settings)) as lake,
        work_lock(lake.catalog.engine, "source x"),
    ):
        (locks,) = [each for each in examine(department.settings) if each.what == "locks"]
    assert "works since" in locks.state
    assert locks.is_well


def test_work_does_not_begin_where_there_is_no_room_or_no_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = load_settings(home=tmp_path / "home")
    check_places(settings)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 9, 1))
    with pytest.raises(SystemFault, match=r"0\.0 GB free at .*0\.5 GB wanted.*Free some"):
        check_places(settings)
    monkeypatch.undo()
    settings.outbox_dir.rmdir()
    settings.outbox_dir.touch()  # a folder that cannot be made, for root, too
    with pytest.raises(SystemFault, match=r"outbox.*cannot be written.*the right to write"):
        check_places(settings)


def test_what_the_last_run_wrote_is_asked_for_twice(tmp_path: Path):
    for day, size in ((0, 1000), (1, 10), (1, 20)):
        file = tmp_path / f"{day}-{size}.parquet"
        file.write_bytes(b"x" * size)
        os.utime(file, (day * 200_000 + 1_000_000, day * 200_000 + 1_000_000))
    assert doctor_module.written_last(tmp_path) == 30


def test_a_database_that_is_away_is_one_finding(settings: Settings):
    url = "postgresql://nobody@127.0.0.1:1/none"
    away = load_settings(home=settings.home, database_url=url)
    assert "No connection to PostgreSQL" in faults(away)["database"]
