"""A home that was copied or moved: its lake is its own, and the original's is not touched."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ibis
import pytest

from pipelines.lake import Lake, catalog, open_lake
from pipelines.settings import load_settings
from pipelines.warehouse import stop_embedded

TABLE = "raw.civil_affairs__marriages"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as made:
        folder = Path(made)
        folder.chmod(0o711)  # for the user that runs the server
        yield folder
        for home in folder.iterdir():
            stop_embedded(load_settings(home=home))


def write(home: Path, batch: str, value: int) -> None:
    lake = open_lake(load_settings(home=home))
    con = ibis.duckdb.connect()
    lake.write(con, ibis.memtable({"value": [value]}), TABLE, batch=batch)
    lake.close()


def read(home: Path) -> list[int]:
    lake = open_lake(load_settings(home=home))
    found = sorted(lake.read(ibis.duckdb.connect(), TABLE)["value"].to_pyarrow().to_pylist())
    assert all(path.is_relative_to(home) for path in lake.files(TABLE))
    lake.close()
    return found


def lake_state(home: Path) -> dict[str, int]:
    files = (path for path in (home / "lake").rglob("*") if path.is_file())
    return {str(path): path.stat().st_mtime_ns for path in files}


def copy(home: Path, target: Path) -> None:
    stop_embedded(load_settings(home=home))
    shutil.copytree(home, target)
    owner = (home / "postgres" / "data").stat()
    for path in (target / "postgres").rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)


def written_as_before(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Metadata with absolute paths, as earlier versions wrote them."""
    monkeypatch.setattr(catalog, "WAREHOUSE", str(home / "lake"))
    monkeypatch.setattr("pipelines.lake.commit.lake_location", str)


@pytest.mark.parametrize("age", ["new", "old"])
def test_a_run_in_a_copy_writes_nothing_into_the_original(
    folder: Path, age: str, monkeypatch: pytest.MonkeyPatch
):
    home, other = folder / "home", folder / "copy"
    with monkeypatch.context() as patched:
        if age == "old":
            written_as_before(patched, home)
        write(home, "20260630", 1)
        write(home, "20260701", 2)
    copy(home, other)
    before = lake_state(home)
    write(other, "20260701", 22)
    write(other, "20260702", 3)
    assert lake_state(home) == before
    assert read(home) == [1, 2]
    shutil.rmtree(home / "lake")
    assert read(other) == [1, 3, 22]


def test_a_moved_home_is_written_and_tidied_as_before(folder: Path):
    home, moved = folder / "home", folder / "moved"
    write(home, "20260630", 1)
    stop_embedded(load_settings(home=home))
    home.rename(moved)
    write(moved, "20260630", 11)
    assert read(moved) == [11]
    lake: Lake = open_lake(load_settings(home=moved))
    unused = lake.files(TABLE)[0].with_name("unused.parquet")
    unused.touch()
    os.utime(unused, (0, 0))
    assert lake.remove_orphans() == [unused]
    lake.close()
    assert read(moved) == [11]
    assert not home.exists()


def test_no_path_of_this_machine_is_in_the_metadata(folder: Path):
    home = folder / "home"
    write(home, "20260630", 1)
    for file in (home / "lake").rglob("*.json"):
        assert str(folder) not in file.read_text()
    lake = open_lake(load_settings(home=home))
    loaded = lake.catalog.load_table(TABLE)
    named = [loaded.metadata_location, *loaded.inspect.all_files()["file_path"].to_pylist()]
    named += loaded.inspect.manifests()["path"].to_pylist()
    assert len(named) == 3
    assert all(name.startswith("lake:/raw/") for name in named)
    lake.close()
