"""The same ledger and the same golden records from DuckDB and from Spark."""

import shutil

import ibis
import pytest
import test_legal_entities
import test_licenses
import test_persons
from worlds import KEY, plain

from pipelines.identity import resolve
from pipelines.libraries import load_library
from pipelines.merge import merge

WORLDS = {
    "population": test_persons.WORLDS,
    "legal_entity": test_legal_entities.WORLDS,
    "e_license": test_licenses.WORLDS,
}


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed (the spark extra)")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or later, and no java is on the PATH")
    session = (
        sql.SparkSession.builder.master("local[1]")
        .appName("baselib-parity")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark")))
        .getOrCreate()
    )
    return ibis.pyspark.connect(session)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_spark_resolves_and_merges_as_duckdb_does(con, spark, records_of, name):
    library = load_library(name)
    rows = [
        {**row, "source_key": f"{place}/{short}"}
        for place, world in enumerate(WORLDS[name])
        for short, row in world.records.items()
    ]

    def told(engine):
        records = records_of(library, rows)
        found = resolve(engine, records, library, key=KEY, run="run")
        merged = merge(records, found.record, library)
        tables = (found.record, found.event, found.conflicting, merged.core, merged.crosswalk)
        return [plain(engine, table) for table in tables]

    assert told(spark) == told(con)
