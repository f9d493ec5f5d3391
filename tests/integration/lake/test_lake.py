"""What is written to the lake is what is read from it, whatever happened in between."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from pipelines.engines.duck import connect
from pipelines.errors import ColumnTypeChanged, TableMissing
from pipelines.lake import Lake, open_lake
from pipelines.lake import lake as lake_module
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def lake(module_settings: Settings) -> Iterator[Lake]:
    opened = open_lake(module_settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def con(module_settings: Settings) -> Iterator[Backend]:
    engine = connect(module_settings)
    yield engine
    engine.disconnect()


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A table that no other test writes to."""
    return "staged." + request.node.name.split("[")[0]


def rows(names: Sequence[str], **more: Sequence[object]) -> ir.Table:
    schema = ibis.schema({"name": "string"} | dict.fromkeys(more, "int32"))
    return ibis.memtable({"name": list(names), **more}, schema=schema)


def content(lake: Lake, con: Backend, table: str, **which: object) -> list[str]:
    return sorted(con.to_pyarrow(lake.read(con, table, **which).name).to_pylist())


def test_a_batch_is_replaced_and_the_others_stay(lake: Lake, con: Backend, table: str):
    lake.write(con, rows("ab"), table, batch="20260630")
    lake.write(con, rows("c"), table, batch="20260701")
    lake.write(con, rows("d"), table, batch="20260630")
    assert content(lake, con, table) == ["c", "d"]
    assert content(lake, con, table, batch="20260701") == ["c"]
    assert lake.batches(table) == ["20260630", "20260701"]


def test_replacing_a_batch_reads_no_row_and_writes_no_file_but_its_own(
    lake: Lake, con: Backend, table: str
):
    lake.write(con, rows("ab"), table, batch="20260630")
    (other,) = lake.files(table)
    before = other.stat()
    lake.write(con, rows("c"), table, batch="20260701")
    lake.write(con, rows("d"), table, batch="20260701")
    files = lake.files(table)
    assert other in files
    assert len(files) == 2
    assert other.stat().st_mtime_ns == before.st_mtime_ns
    assert len(lake.catalog.load_table(table).snapshots()) == 3  # one per write, none to delete


def test_writing_the_same_rows_again_changes_nothing(lake: Lake, con: Backend, table: str):
    first = lake.write(con, rows("ba"), table, batch="20260630", order_by=["name"])
    files = lake.files(table)
    again = lake.write(con, rows("ab"), table, batch="20260630", order_by=["name"])
    assert (first.changed, again.changed) == (True, False)
    assert again.snapshot_id == first.snapshot_id == lake.snapshot_id(table)
    assert again.rows == 2
    assert lake.files(table) == files
    assert len(list(files[0].parent.iterdir())) == 1


def test_sorted_rows_give_identical_bytes_also_in_parallel(
    lake: Lake, con: Backend, table: str, tmp_path: Path
):
    numbers = ibis.range(300_000).unnest().name("i").as_table()  # three row groups
    shuffled = numbers.mutate(name=numbers.i.hash().cast("string")).order_by(ibis.desc("name"))
    first = lake.write(con, shuffled, table, batch=None, order_by=["i"])
    second = lake.write(con, shuffled.order_by("i"), table, batch=None, order_by=["i"])
    assert first.changed
    assert not second.changed


def test_a_batch_without_rows_is_a_batch(lake: Lake, con: Backend, table: str):
    lake.write(con, rows([]), table, batch="20260630")
    assert lake.has(table, "20260630")
    assert lake.batches(table) == ["20260630"]
    assert content(lake, con, table, batch="20260630") == []


def test_batches_are_told_in_the_order_in_which_they_came(lake: Lake, con: Backend, table: str):
    for batch in ("20260630-10", "20260630-2", "20260701", "20260630"):
        lake.write(con, rows("a"), table, batch=batch)
    assert lake.batches(table) == ["20260630", "20260630-2", "20260630-10", "20260701"]


def test_a_whole_table_is_replaced_with_its_columns(lake: Lake, con: Backend, table: str):
    lake.write(con, rows("ab", number=[1, 2]), table, batch=None)
    before = lake.snapshot_id(table)
    texts = rows("c").mutate(number=ibis.literal("x"))
    lake.write(con, texts, table, batch=None)
    assert content(lake, con, table) == ["c"]
    assert lake.read(con, table).schema()["number"].is_string()
    lake.write(con, rows("d"), table, batch=None)
    assert lake.read(con, table).columns == ("name",)
    old = lake.read(con, table, snapshot_id=before)
    assert con.to_pyarrow(old.number.sum()).as_py() == 3


def test_a_table_is_of_the_run_that_wrote_it_last_also_where_nothing_changed(
    lake: Lake, con: Backend, table: str
):
    for names, run in (("a", "run 1"), ("b", "run 2"), ("b", "run 3")):
        lake.write(con, rows(*names), table, batch=None, owner=run)
        assert lake.owner(table) == run


def test_what_was_never_written_is_missing(lake: Lake, con: Backend, table: str):
    assert not lake.has(table)
    assert lake.batches(table) == []
    assert lake.snapshot_id(table) is None
    with pytest.raises(TableMissing, match="Run the earlier stage"):
        lake.read(con, table)
    lake.write(con, rows("a"), table, batch="20260630")
    assert not lake.has(table, "20260701")
    with pytest.raises(TableMissing, match="20260701"):
        lake.read(con, table, "20260701")
    with pytest.raises(TableMissing):
        lake.properties(table, "20260701")
    with pytest.raises(TableMissing, match="No snapshot 1"):
        lake.read(con, table, snapshot_id=1)


def test_an_earlier_snapshot_stays_readable(lake: Lake, con: Backend, table: str):
    first = lake.write(con, rows("a"), table, batch="20260630")
    lake.write(con, rows("b", number=[1]), table, batch="20260630")
    then = lake.read(con, table, snapshot_id=first.snapshot_id)
    assert con.to_pyarrow(then.name).to_pylist() == ["a"]
    assert "number" not in then.columns


def test_properties_are_those_of_the_batch_s_last_write(lake: Lake, con: Backend, table: str):
    lake.write(con, rows("a"), table, batch="20260630", properties={"watermark": "7"})
    lake.write(con, rows("b"), table, batch="20260701", properties={"watermark": "9"})
    assert lake.properties(table, "20260630") == {"watermark": "7"}
    lake.write(con, rows("c"), table, batch="20260630")
    assert lake.properties(table, "20260630") == {}


def test_a_new_column_is_null_in_older_batches(lake: Lake, con: Backend, table: str):
    lake.write(con, rows("a"), table, batch="20260630")
    lake.write(con, rows("b", 数量=[5]), table, batch="20260701")
    lake.write(con, rows("c"), table, batch="20260702")
    read = con.to_pyarrow(lake.read(con, table).order_by("name")["数量"]).to_pylist()
    assert read == [None, 5, None]
    assert lake.read(con, table, "20260630").columns == ("name", "_batch", "数量")


@pytest.mark.parametrize(("narrow", "wide"), [("int32", "int64"), ("float32", "float64")])
def test_a_column_is_widened_and_never_narrowed(
    lake: Lake, con: Backend, table: str, narrow: str, wide: str
):
    table += f"_{wide}"
    for batch, kind in (("1", narrow), ("2", wide), ("3", narrow)):
        typed = rows("a", number=[1]).cast({"number": kind})
        lake.write(con, typed, table, batch=batch)
    read = lake.read(con, table)
    assert str(read.schema()["number"]) == wide
    assert con.to_pyarrow(read.number.sum()).as_py() == 3
    assert lake.catalog.load_table(table).scan().to_arrow()["number"].to_pylist() == [1, 1, 1]


def test_a_column_that_changes_its_type_is_refused_with_the_remedy(
    lake: Lake, con: Backend, table: str
):
    lake.write(con, rows("a", number=[1]), table, batch="20260630")
    with pytest.raises(ColumnTypeChanged, match="stage every batch"):
        lake.write(con, rows("b").mutate(number=ibis.literal("x")), table, batch="20260701")
    assert content(lake, con, table) == ["a"]


def test_every_type_that_baselib_has_comes_back(lake: Lake, con: Backend, table: str):
    findings = "array<struct<column: string, rule: string, value: string>>"
    typed = rows(["a"]).mutate(
        ibis.literal(1, type="int16").name("small"),
        ibis.literal(2**40, type="uint64").name("large"),
        ibis.literal("12.50", type="string").cast("decimal(20, 2)").name("money"),
        ibis.date("1990-02-03").name("born"),
        ibis.timestamp("2026-06-30 08:09:10.123456").name("changed_at"),
        ibis.literal([{"column": "c", "rule": "R", "value": None}], type=findings).name("findings"),
        ibis.map(["k"], ["v"]).name("record"),
        ibis.literal(None, type="string").name("列名 含.点"),
    )
    lake.write(con, typed, table, batch="20260630")
    (read,) = con.to_pyarrow(lake.read(con, table)).to_pylist()
    expected = con.to_pyarrow(typed).to_pylist()[0] | {"_batch": "20260630"}
    assert read == expected
    (by_iceberg,) = lake.catalog.load_table(table).scan().to_arrow().to_pylist()
    assert by_iceberg == expected  # any Iceberg reader understands it


def test_several_files_are_one_batch(lake: Lake, con: Backend, table: str, tmp_path: Path):
    paths = []
    for name in "ab":
        paths.append(tmp_path / f"{name}.parquet")
        part = rows(name).mutate(_batch=ibis.literal("20260630"))
        con.to_parquet(part, paths[-1])
    commit = lake.write_files(paths, table, batch="20260630", properties={"encoding": "utf-8"})
    assert commit.rows == 2
    assert content(lake, con, table) == ["a", "b"]
    assert not any(path.exists() for path in paths)  # moved, not copied
    assert lake.properties(table, "20260630") == {"encoding": "utf-8"}


def test_a_crash_before_the_commit_leaves_the_table_and_a_file_to_sweep(
    lake: Lake, con: Backend, table: str, monkeypatch: pytest.MonkeyPatch
):
    lake.write(con, rows("a"), table, batch="20260630")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lake_module, "replace_files", crash)
        with pytest.raises(KeyboardInterrupt):
            lake.write(con, rows("b"), table, batch="20260630")
    assert content(lake, con, table) == ["a"]
    assert lake.remove_orphans() == []  # too young: it could be a write in progress
    swept = lake.remove_orphans(older_than=timedelta(0))
    assert len([path for path in swept if table.split(".")[1] in path.parts]) == 1
    assert not {*swept} & {*lake.files(table)}
    lake.write(con, rows("b"), table, batch="20260630")
    assert content(lake, con, table) == ["b"]
    assert list(lake.scratch.glob("write-*")) == []


def test_orphans_are_never_files_of_an_earlier_snapshot(lake: Lake, con: Backend, table: str):
    first = lake.write(con, rows("a"), table, batch="20260630")
    lake.write(con, rows("b"), table, batch="20260630")
    lake.remove_orphans(older_than=timedelta(0))
    assert content(lake, con, table, snapshot_id=first.snapshot_id) == ["a"]


def test_tasks_that_write_one_table_at_once_all_succeed(module_settings: Settings, table: str):
    def write(number: int) -> bool:
        engine, own = connect(module_settings), open_lake(module_settings)
        try:
            return own.write(engine, rows([str(number)]), table, batch=f"b{number}").changed
        finally:
            engine.disconnect()
            own.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(write, range(12))) == [True] * 12
    own = open_lake(module_settings)
    assert len(own.batches(table)) == 12
    own.close()


def test_a_lake_in_a_folder_with_an_awkward_name(settings: Settings, tmp_path: Path):
    awkward = settings.model_copy(update={"home": tmp_path / "基础 库 #1 100%?"})
    lake, con = open_lake(awkward), connect(awkward)
    lake.write(con, rows("a"), "core.person", batch=None)
    assert content(lake, con, "core.person") == ["a"]
    lake.close()
    con.disconnect()


BATCHES = ("20260630", "20260701", "20260701-2")
writes = st.lists(
    st.tuples(
        st.sampled_from(BATCHES),
        st.lists(st.sampled_from("abc"), max_size=3),
        st.lists(st.integers(0, 3), max_size=1),
    ),
    max_size=6,
)


@given(sequence=writes)
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_sequence_of_batch_writes_equals_a_dictionary(
    lake: Lake, con: Backend, sequence: list[tuple[str, list[str], list[int]]]
):
    global _laws  # each example has a table of its own
    _laws += 1
    table = f"staged.law_{_laws}"
    oracle: dict[str, list[tuple[str, int | None]]] = {}
    history: list[tuple[int | None, Mapping[str, list[tuple[str, int | None]]]]] = []
    for batch, names, numbers in sequence:
        more = {"number": numbers * len(names)} if numbers else {}
        commit = lake.write(con, rows(names, **more), table, batch=batch)
        number = numbers[0] if numbers else None
        oracle[batch] = [(name, number) for name in names]
        history.append((commit.snapshot_id, dict(oracle)))
    assert lake.batches(table) == sorted(oracle)
    for snapshot_id, then in history:
        read = con.to_pyarrow(lake.read(con, table, snapshot_id=snapshot_id)).to_pylist()
        found = sorted((r["_batch"], r["name"], str(r.get("number"))) for r in read)
        assert found == sorted((b, n, str(v)) for b, some in then.items() for n, v in some)


_laws = 0


@pytest.mark.spark
def test_spark_reads_and_writes_the_same_tables(lake: Lake, con: Backend, table: str):
    pyspark = pytest.importorskip(
        "pyspark.sql", reason="PySpark is not installed (the spark extra)"
    )
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("Spark needs Java 17 or later")
    session = pyspark.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = ibis.pyspark.connect(session.getOrCreate())
    lake.write(con, rows("ab"), table, batch="20260630")
    lake.write(con, rows("c", number=[1]), table, batch="20260701")
    read = lake.read(spark, table)
    assert sorted(read.select("name", "number").to_pyarrow().to_pylist(), key=str) == [
        {"name": "a", "number": None},
        {"name": "b", "number": None},
        {"name": "c", "number": 1},
    ]
    lake.write(spark, read.filter(read.name != "b").drop("_batch"), table, batch="20260702")
    assert content(lake, con, table, batch="20260702") == ["a", "c"]
