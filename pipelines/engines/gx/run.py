"""Run suites with Great Expectations on DuckDB, and judge what they say.

One context and one in-memory database per call; tables are views on Parquet files, so nothing is
copied. No telemetry, no progress bars, no network, and no list of failing values is ever asked for.
"""

import atexit
import logging
import os
import sys
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from pipelines.engines.duck import duck_config
from pipelines.engines.gx.data_docs import write_index, write_page
from pipelines.engines.gx.suite_file import read_suite
from pipelines.quality.outcome import (
    ExpectationOutcome,
    count_judged,
    describe_expected,
    describe_observed,
    redact,
)
from pipelines.quality.suites import SuiteRun
from pipelines.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuite,
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

    from pipelines.engines.gx.datasource.fluent.duckdb_datasource import DuckDBDatasource

# A table: Parquet files (at least one), one SELECT that may use the tables before it, or Arrow.
TableInput: TypeAlias = Sequence[Path] | str | pa.Table

# Counts only; GX would otherwise keep 20 failing values, which may be somebody's.
_COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}


def run_suites(
    settings: Settings,
    tables: Mapping[str, TableInput],
    suites: Sequence[SuiteRun],
    about: tuple[str, str] | None = None,
) -> list[ExpectationOutcome]:
    """Judge every expectation of every suite.

    Args:
        settings: Memory and threads of the engine.
        tables: By the name that suites use; a SELECT may refer to those before it.
        suites: What to run on which table; see ``pipelines.quality.suites``.
        about: Subject and run, under which the Data Docs are written; none are without it.

    Returns:
        One outcome per expectation, in the order of the files. One that could not be evaluated (no
        such column, no such parameter) has failed and is critical, whatever the suite says.

    Raises:
        DeclarationRefused: a suite is not one.
    """
    with _data_source(settings) as source:
        _create_views(source, tables)
        batches = {name: _batch(source, name) for name in dict.fromkeys(r.table for r in suites)}
        outcomes: list[ExpectationOutcome] = []
        for run in suites:
            judged, shown = _judge(batches[run.table], read_suite(run.file), run.parameters)
            outcomes += judged
            if about and shown is not None:
                write_page(settings.data_docs_dir, *about, shown)
    if about:
        write_index(settings.data_docs_dir, about[0])
    return outcomes


@contextmanager
def _data_source(settings: Settings) -> Generator["DuckDBDatasource", None, None]:
    """A fresh in-memory DuckDB as a GX data source in a context of its own."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), _spark_connect_hidden():
        warnings.simplefilter("ignore")  # GX imports PySpark where it finds it, which warns
        import great_expectations as gx

        import pipelines.engines.gx.datasource.fluent.duckdb_datasource  # noqa: F401 - registers

        context = gx.get_context(mode="ephemeral")
        _leave_quietly()
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    source = context.data_sources.add_duckdb(
        "duckdb",
        connection_string="duckdb:///:memory:",
        kwargs={"connect_args": {"config": duck_config(settings)}},
    )
    try:
        yield source
    finally:
        source.get_execution_engine().close()


@contextmanager
def _spark_connect_hidden() -> Generator[None, None, None]:
    """Keep GX from importing Spark Connect, which nothing here uses.

    Where its own requirements are missing, PySpark 4.3 takes some processes (a spawned worker,
    ``python -c``) for a doctest run and ends them with exit status 0: a check that never ran would
    look like one that passed.
    """
    name = "pyspark.sql.connect"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the import system's way to say "none"
    try:
        yield
    finally:
        del sys.modules[name]


@cache
def _leave_quietly() -> None:
    """Let go of DuckDB before the interpreter ends.

    GX keeps SQLAlchemy alive for longer than that, SQLAlchemy the DuckDB dialect, and that DuckDB,
    whose binding then writes forty lines about leaks to stderr.
    """
    import duckdb_sqlalchemy

    atexit.register(vars(duckdb_sqlalchemy).clear)


def _create_views(source: "DuckDBDatasource", tables: Mapping[str, TableInput]) -> None:
    with source.get_execution_engine().get_connection() as connection:
        connection.connection.dbapi_connection.execute("SET enable_progress_bar = false")
        for name, table in tables.items():
            _create_view(connection.connection.dbapi_connection, name, table)


def _create_view(database: Any, name: str, table: TableInput) -> None:
    """``database`` is DuckDB's own connection."""
    if isinstance(table, str):
        database.execute(f'CREATE VIEW "{name}" AS {table}')
    elif isinstance(table, Sequence):
        files = [str(file) for file in table]
        database.read_parquet(files, union_by_name=True).create_view(name)
    else:
        database.register(name, table)


def _batch(source: "DuckDBDatasource", table: str) -> "Batch | Exception":
    """The whole table, or why there is none."""
    try:
        asset = source.add_table_asset(table)
        return asset.add_batch_definition_whole_table("whole").get_batch()
    except Exception as wrong:  # noqa: BLE001 - it becomes the exception of every outcome
        return wrong


def _judge(
    batch: "Batch | Exception", suite: "ExpectationSuite", parameters: Mapping[str, object]
) -> tuple[list[ExpectationOutcome], "ExpectationSuiteValidationResult | None"]:
    """The outcomes, and GX's own result if the suite could be validated in one go."""
    if isinstance(batch, Exception):
        return [_not_evaluated(suite, each, str(batch)) for each in suite.expectations], None
    results, shown = _validate(batch, suite, {**suite.suite_parameters, **parameters})
    judged = [_outcome(suite, each, results[each.meta["name"]]) for each in suite.expectations]
    return judged, shown


def _validate(
    batch: "Batch", suite: "ExpectationSuite", parameters: dict[str, object]
) -> tuple[
    dict[str, "ExpectationValidationResult | Exception"], "ExpectationSuiteValidationResult | None"
]:
    """Results by the expectation's name, all in one go; one by one if that goes wrong.

    A parameter that nobody gave makes GX raise for the whole suite; only those that need it have
    failed.
    """
    try:
        validated = batch.validate(
            suite, result_format=_COUNTS_ONLY, expectation_parameters=parameters
        )
    except Exception:  # noqa: BLE001 - each is told its own reason below
        alone = {e.meta["name"]: _validate_one(batch, e, parameters) for e in suite.expectations}
        return alone, None
    results = {result.expectation_config.meta["name"]: result for result in validated.results}
    missing = LookupError("Great Expectations returned no result.")
    named = {e.meta["name"]: results.get(e.meta["name"], missing) for e in suite.expectations}
    return named, validated


def _validate_one(
    batch: "Batch", expectation: "Expectation", parameters: dict[str, object]
) -> "ExpectationValidationResult | Exception":
    try:
        return batch.validate(
            expectation, result_format=_COUNTS_ONLY, expectation_parameters=parameters
        )
    except Exception as wrong:  # noqa: BLE001 - it becomes the outcome's exception
        return wrong


def _outcome(
    suite: "ExpectationSuite",
    expectation: "Expectation",
    result: "ExpectationValidationResult | Exception",
) -> ExpectationOutcome:
    if isinstance(result, Exception):
        return _not_evaluated(suite, expectation, str(result))
    raised = _raised(result.exception_info or {})
    if raised is not None:
        return _not_evaluated(suite, expectation, raised)
    kwargs = result.expectation_config.kwargs
    column = kwargs.get("column")
    bad, judged = count_judged(result.result, kwargs)
    return ExpectationOutcome(
        suite=suite.name,
        name=expectation.meta["name"],
        expectation=expectation.expectation_type,
        column=column,
        severity=str(expectation.severity.value),  # type: ignore[arg-type]  # read_suite saw it
        success=bool(result.success),
        observed=describe_observed(result.result, column),
        expected=describe_expected(kwargs),
        note_zh=expectation.meta["note_zh"],
        indicator=expectation.meta.get("indicator") or "",
        bad=bad,
        judged=judged,
    )


def _not_evaluated(
    suite: "ExpectationSuite", expectation: "Expectation", reason: str
) -> ExpectationOutcome:
    return ExpectationOutcome(
        suite=suite.name,
        name=expectation.meta["name"],
        expectation=expectation.expectation_type,
        column=getattr(expectation, "column", None),
        severity="critical",
        success=False,
        observed="",
        expected="",
        note_zh=expectation.meta["note_zh"],
        exception=redact(reason),
        indicator=expectation.meta.get("indicator") or "",
    )


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of an exception; GX nests it by metric when a metric raised."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [str(each.get("exception_message")) for each in info.values()]
    return "; ".join(dict.fromkeys(messages)) or None
