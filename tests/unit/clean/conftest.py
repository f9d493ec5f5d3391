"""Runs a parser over a few values on every engine that is there.

``clean(parser, values)`` is one query: pass many values at once rather than calling it in a loop.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest
from ibis.backends.duckdb import Backend

from pipelines.clean.parsing.parser import ColumnToParse, Parser, parse_columns
from pipelines.engines import kept_sql
from pipelines.engines.texts import parsed_texts
from pipelines.standards.rules import severities

AS_OF = date(2026, 6, 30)


@dataclass(frozen=True)
class Cleaned:
    """What became of one value: the clean value, the rules it broke, and its companions."""

    value: Any
    rules: set[str]
    companions: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.value, self.rules, self.companions))


Clean = Callable[..., list[Cleaned]]


def clean_on(
    con: ibis.BaseBackend,
    parser: Parser,
    values: Sequence[str | None],
    as_of: date = AS_OF,
) -> list[Cleaned]:
    """The outcome for each value, in order."""
    table = ibis.memtable(
        {"n": list(range(len(values))), "delivered": list(values)},
        schema=ibis.schema({"n": "int64", "delivered": "string"}),
    )
    columns = [ColumnToParse("x", "delivered", parser)]
    with _texts_parsed_before(con, table, columns, as_of) as texts:
        parsed = parse_columns(table, columns, as_of, severities(), texts).order_by("n")
        rows = con.to_pyarrow(parsed).to_pylist()
    return [_cleaned(row, parser) for row in rows]


def _texts_parsed_before(
    con: ibis.BaseBackend, table: ir.Table, columns: Sequence[ColumnToParse], as_of: date
) -> AbstractContextManager[Mapping[Parser, ir.Table] | None]:
    """DuckDB works as ``stage`` does, whose SQL is written once; Spark gets one expression."""
    if isinstance(con, Backend):
        return parsed_texts(con, table, columns, as_of)
    return nullcontext()


def _cleaned(row: dict[str, Any], parser: Parser) -> Cleaned:
    for finding in row["findings"]:
        assert finding["column"] == "x"
        assert finding["value"] == row["delivered"]
    companions = {suffix: row[f"x_{suffix}"] for suffix in parser.companions}
    return Cleaned(row["x"], {f["rule"] for f in row["findings"]}, companions)


@pytest.fixture(scope="session")
def duckdb_backend() -> ibis.BaseBackend:
    return kept_sql.connect(threads=1)


@pytest.fixture(scope="session")
def spark_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ibis.BaseBackend]:
    """A small local Spark; skipped, with the reason, where PySpark or Java is missing."""
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed (the spark extra)")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or later, and no java is on the PATH")
    folder = tmp_path_factory.mktemp("spark")
    session = (
        sql.SparkSession.builder.master("local[1]")
        .appName("baselib-parity")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        # A parser is some 20 to 40 SELECTs deep, and Spark gives up at 100 passes by default.
        .config("spark.sql.analyzer.maxIterations", "1000")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield ibis.pyspark.connect(session)
    session.stop()


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def clean(request: pytest.FixtureRequest) -> Clean:
    """``clean(parser, values, as_of=AS_OF)``: one Cleaned per value; a test runs on each engine."""
    con = request.getfixturevalue(f"{request.param}_backend")

    def run(parser: Parser, values: Sequence[str | None], as_of: date = AS_OF) -> list[Cleaned]:
        return clean_on(con, parser, values, as_of)

    return run


@pytest.fixture(scope="session")
def clean_fast(duckdb_backend: ibis.BaseBackend) -> Clean:
    """The same on DuckDB only, for property tests with many batches."""

    def run(parser: Parser, values: Sequence[str | None], as_of: date = AS_OF) -> list[Cleaned]:
        return clean_on(duckdb_backend, parser, values, as_of)

    return run
