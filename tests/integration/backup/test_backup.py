"""A backup has everything, is verified, and is restored elsewhere; damage is found and named."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ibis
import pytest
from sqlalchemy import text

from pipelines.flows.backup import BackupRefused, back_up, restore, verify_backup
from pipelines.flows.shared.site_keys import identity_key
from pipelines.lake import open_lake
from pipelines.serve.audit.seal import seal_log, verify_log
from pipelines.serve.grants.apply import apply_grants
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import connect, migrate, record_batch, stop_embedded

TABLE = "raw.civil_affairs__marriages"
SOURCE = "civil_affairs__marriages"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as made:
        Path(made).chmod(0o711)  # for the user who runs the server
        yield Path(made)


def write(settings: Settings, batch: str, value: int) -> None:
    lake = open_lake(settings)
    lake.write(ibis.duckdb.connect(), ibis.memtable({"value": [value]}), TABLE, batch=batch)
    lake.close()
    engine = connect(settings)
    record_batch(engine, source=SOURCE, batch=batch, library="population", landed=value)
    engine.dispose()


def state(settings: Settings) -> tuple[list[int], list[int], str]:
    """Values in the lake, counts in the database, the identity key."""
    lake = open_lake(settings)
    values = lake.read(ibis.duckdb.connect(), TABLE)["value"].to_pyarrow().to_pylist()
    lake.close()
    engine = connect(settings)
    with engine.connect() as connection:
        landed = connection.execute(text("SELECT landed FROM quality.batch ORDER BY 1"))
        counts = list(landed.scalars())
    engine.dispose()
    return sorted(values), counts, identity_key(settings)


@pytest.fixture(scope="module")
def original(folder: Path) -> Iterator[Settings]:
    settings = load_settings(home=folder / "home")
    migrate(settings)
    identity_key(settings)
    write(settings, "20260630", 1)
    write(settings, "20260701", 2)
    apply_grants(settings, "test")
    seal_log(settings)
    landed = settings.landing_dir / SOURCE / "20260701" / "marriages.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("姓名\n王小明\n")
    yield settings
    stop_embedded(settings)


@pytest.fixture(scope="module")
def saved(original: Settings, folder: Path) -> Path:
    return back_up(original, folder / "saved").folder


def test_a_backup_is_restored_elsewhere_with_everything_and_the_original_goes_on(
    original: Settings, saved: Path, folder: Path
):
    before = state(original)
    elsewhere = load_settings(home=folder / "elsewhere")
    try:
        done = restore(saved, elsewhere)
        assert done.tables == 1
        assert state(elsewhere) == before
        delivered = elsewhere.landing_dir / SOURCE / "20260701" / "marriages.csv"
        assert "王小明" in delivered.read_text()
        migrate(elsewhere)  # nothing is missing, nothing is to do
        write(elsewhere, "20260702", 3)
        assert state(elsewhere)[0] == [1, 2, 3]
        assert state(original) == before
        with connect(elsewhere).connect() as connection:
            asked = text(
                "SELECT has_database_privilege('share_reader', current_database(), 'CONNECT'),"
                " has_table_privilege('share_reader', 'share.person', 'SELECT'),"
                " has_table_privilege('share_reader', 'base.person', 'SELECT'),"
                " (SELECT datacl::text LIKE '{=%' FROM pg_database"
                "  WHERE datname = current_database())"
            )
            assert tuple(connection.execute(asked).one()) == (True, True, False, False)
        # the sealed log is whole, compared with the seals that were in the home, too
        sealed = verify_log(elsewhere)
        assert (sealed.seals, sealed.unsealed) == (1, 0)
        assert apply_grants(elsewhere, "test") == []
        with connect(elsewhere).connect() as connection:
            login = text("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'serve_login'")
            assert connection.execute(login).scalar_one()
            owners = text("SELECT DISTINCT viewowner FROM pg_views WHERE schemaname = 'serve'")
            assert connection.execute(owners).scalars().all() == ["serve_owner"]
    finally:
        stop_embedded(elsewhere)


def test_a_backup_is_for_its_owner_only(saved: Path):
    for path in (saved, *saved.rglob("*")):
        assert path.stat().st_mode & 0o067 == 0, path


@pytest.mark.parametrize("damage", ["altered", "missing", "added"])
def test_damage_is_named_and_nothing_is_restored(saved: Path, folder: Path, damage: str):
    (victim,) = saved.rglob("identity.key")
    content = victim.read_bytes()
    named = victim
    if damage == "altered":
        victim.write_bytes(b"0" + content[1:])
    elif damage == "missing":
        victim.unlink()
    else:
        named = victim.with_name("added.key")
        named.write_bytes(content)
    target = load_settings(home=folder / "not_restored")
    try:
        with pytest.raises(BackupRefused, match=str(named)):
            restore(saved, target)
    finally:
        (victim.parent / "added.key").unlink(missing_ok=True)
        victim.write_bytes(content)
    assert not target.home.exists()
    assert verify_backup(saved).tables == 1


def test_nothing_is_overwritten(original: Settings, saved: Path, folder: Path):
    with pytest.raises(BackupRefused, match="not empty"):
        restore(saved, original)
    with pytest.raises(BackupRefused, match="there already"):
        back_up(original, saved)
    with pytest.raises(BackupRefused, match="in the home itself"):
        back_up(original, original.home / "backup")
    with pytest.raises(BackupRefused, match="no backup"):
        restore(folder, load_settings(home=folder / "new"))


def test_a_home_that_lacks_a_file_of_its_lake_is_not_restored_as_if_whole(
    original: Settings, folder: Path
):
    lake = open_lake(original)
    lost = lake.files(TABLE)[0]
    lake.close()
    aside = lost.rename(folder / "aside.parquet")
    target = load_settings(home=folder / "incomplete")
    try:
        back_up(original, folder / "incomplete_backup")
        with pytest.raises(BackupRefused, match=lost.name):
            restore(folder / "incomplete_backup", target)
    finally:
        aside.rename(lost)
    assert not target.home.exists()


def test_the_commands_say_what_they_did(original: Settings, folder: Path):
    environment = os.environ | {"BASELIB_HOME": str(original.home)}
    command = [sys.executable, "-m", "pipelines", "backup", str(folder / "by_command")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 tables of the lake, verified" in done.stdout
    command[3:] = ["restore", str(folder / "by_command")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "The home is not empty" in done.stderr
