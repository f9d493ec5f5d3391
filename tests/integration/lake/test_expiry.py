"""What was superseded long ago goes; whatever somebody may still ask for stays."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pytest
from ibis.backends.duckdb import Backend

from pipelines.engines.duck import connect
from pipelines.errors import TableMissing
from pipelines.lake import Lake, open_lake
from pipelines.lake import commit as commit_module
from pipelines.settings import Settings

NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)
AT_ONCE = timedelta(0)


@pytest.fixture(scope="module")
def lake(module_settings: Settings) -> Iterator[Lake]:
    with closing(open_lake(module_settings)) as opened:
        yield opened


@pytest.fixture(scope="module")
def con(module_settings: Settings) -> Iterator[Backend]:
    engine = connect(module_settings)
    yield engine
    engine.disconnect()


def rows(names: Sequence[str]) -> ir.Table:
    return ibis.memtable({"name": list(names)}, schema=ibis.schema({"name": "string"}))


def write(lake: Lake, con: Backend, table: str, names: str, batch: str | None = None) -> int:
    commit = lake.write(con, rows(names), table, batch=batch, properties={"said": names})
    assert commit.snapshot_id is not None
    return commit.snapshot_id


def content(lake: Lake, con: Backend, table: str, snapshot: int | None = None) -> list[str]:
    return sorted(con.to_pyarrow(lake.read(con, table, snapshot_id=snapshot).name).to_pylist())


def files_on_disk(lake: Lake, table: str) -> set[str]:
    folder = lake.root.joinpath(*table.split("."))
    return {f"{file.parent.name}/{file.name}" for file in folder.rglob("*") if file.is_file()}


def test_a_superseded_snapshot_goes_with_its_files(lake: Lake, con: Backend):
    table = "core.thing"
    first, second = write(lake, con, table, "ab"), write(lake, con, table, "b")
    (named,) = lake.files(table, snapshot_id=second)
    third = write(lake, con, table, "cde")
    assert lake.expire(table, NEXT_YEAR, {second}) == 1
    for ask in (lake.files, lake.refuse_lost):
        with pytest.raises(TableMissing, match=f"No snapshot {first}"):
            ask(table, snapshot_id=first)
    lake.refuse_lost(table, second)
    assert content(lake, con, table, second) == ["b"]
    assert content(lake, con, table) == content(lake, con, table, third) == ["c", "d", "e"]

    gone = {f"{p.parent.name}/{p.name}" for p in lake.remove_orphans(AT_ONCE) if "thing" in str(p)}
    assert not gone & files_on_disk(lake, table)
    assert sum(path.startswith("data/") for path in gone) == 1
    assert sum(path.startswith("metadata/snap-") for path in gone) == 1
    assert {f"data/{named.name}"} < files_on_disk(lake, table)
    assert content(lake, con, table, second) == ["b"]
    assert write(lake, con, table, "f") != third
    assert content(lake, con, table) == ["f"]


def test_a_snapshot_is_as_old_as_what_followed_it(lake: Lake, con: Backend):
    """One that was current until a moment ago may just be being read, whenever it was written."""
    table = "core.recent"
    write(lake, con, table, "a")
    between = datetime.now(UTC)
    write(lake, con, table, "b")
    assert lake.expire(table, between) == 0
    assert lake.expire(table, datetime.now(UTC) + timedelta(seconds=1)) == 1


def test_every_batch_keeps_its_rows_and_properties(lake: Lake, con: Backend):
    table = "staged.a__b"
    write(lake, con, table, "a", "20260701")
    write(lake, con, table, "b", "20260701")
    write(lake, con, table, "c", "20260702")
    write(lake, con, table, "d", "20260630")
    assert lake.expire(table, NEXT_YEAR) == 1  # the first, whose batch was written again
    lake.remove_orphans(AT_ONCE)
    assert content(lake, con, table) == ["b", "c", "d"]
    assert lake.batches(table) == ["20260630", "20260701", "20260702"]
    assert lake.last_batch(table) == "20260630"
    said = {batch: lake.properties(table, batch)["said"] for batch in lake.batches(table)}
    assert said == {"20260630": "d", "20260701": "b", "20260702": "c"}
    assert lake.expire(table, NEXT_YEAR) == 0


def test_a_table_that_was_never_written_again_keeps_all(lake: Lake, con: Backend):
    write(lake, con, "core.once", "a")
    assert lake.expire("core.once", NEXT_YEAR) == 0
    assert content(lake, con, "core.once") == ["a"]


def test_what_is_forgotten_leaves_the_rows_and_what_each_batch_was_told(lake: Lake, con: Backend):
    table = "staged.erased__rows"
    first = write(lake, con, table, "ab", "20260701")
    write(lake, con, table, "a", "20260701")
    write(lake, con, table, "c", "20260630")
    assert lake.forget(table) > 0
    with pytest.raises(TableMissing):
        lake.files(table, snapshot_id=first)
    on_disk = {file for file in files_on_disk(lake, table) if file.startswith("data/")}
    assert on_disk == {f"data/{file.name}" for file in lake.files(table)}
    assert content(lake, con, table) == ["a", "c"]
    assert lake.last_batch(table) == "20260630"
    assert lake.properties(table, "20260701") == {"said": "a"}
    assert lake.forget(table) == 0


def test_the_snapshot_of_a_moment_is_the_last_that_was_committed_until_then(
    lake: Lake, con: Backend
):
    table = "core.dated"
    first, _ = write(lake, con, table, "a"), write(lake, con, table, "b")
    committed = lake.catalog.load_table(table).snapshot_by_id(first)
    assert committed is not None
    moment = datetime.fromtimestamp(committed.timestamp_ms / 1000, UTC)
    assert lake.snapshot_before(table, moment) == first
    with pytest.raises(TableMissing):
        lake.snapshot_before(table, moment - timedelta(milliseconds=1))


def test_manifests_of_many_batches_become_one(
    lake: Lake, con: Backend, monkeypatch: pytest.MonkeyPatch
):
    """Also those of a table that an earlier version made, whose batches then each have one."""
    table, days = "staged.many__batches", [f"202607{day:02}" for day in range(1, 9)]
    with monkeypatch.context() as earlier:
        earlier.setattr(commit_module, "_TABLE_PROPERTIES", {})
        for day in days[:6]:
            write(lake, con, table, day[-1], day)
    assert manifests(lake, table) == 6
    few = commit_module._TABLE_PROPERTIES | {"commit.manifest.min-count-to-merge": "4"}
    monkeypatch.setattr(commit_module, "_TABLE_PROPERTIES", few)
    write(lake, con, table, days[6][-1], days[6])
    assert manifests(lake, table) == 1
    write(lake, con, table, "x", days[2])  # takes a file out of the one that holds all
    write(lake, con, table, days[7][-1], days[7])
    assert manifests(lake, table) < len(days)
    assert lake.batches(table) == days
    assert content(lake, con, table) == sorted("12x45678")
    assert [len(lake.files(table, day)) for day in days] == [1] * 8


def manifests(lake: Lake, table: str) -> int:
    snapshot = lake.catalog.load_table(table).current_snapshot()
    assert snapshot is not None
    return len(snapshot.manifests(lake.catalog.load_table(table).io))
