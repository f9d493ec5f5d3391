"""Great Expectations' own API on the DuckDB data source, as any of its users would call it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

gx = pytest.importorskip("great_expectations")
gxe = gx.expectations

from pipelines.engines.gx.datasource.fluent.duckdb_datasource import (  # noqa: E402 - after GX
    DuckDBDatasource,
)

EXPECTATIONS = Path(__file__).parents[3] / "expectations"
PEOPLE = """CREATE TABLE people AS SELECT i AS id, CASE WHEN i % 10 > 0 THEN 'name' || i END AS
    name, DATE '2020-01-01' + CAST(i % 100 AS INT) AS born, i % 7 AS grade FROM range(1000) r(i)"""


@pytest.fixture
def context() -> Any:
    """An ephemeral context without progress bars."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


@pytest.fixture(params=["memory", "file"])
def source(request: pytest.FixtureRequest, context: Any, tmp_path: Path) -> Iterator[Any]:
    """A data source with one table, in memory and in a file."""
    where = ":memory:" if request.param == "memory" else str(tmp_path / "city.duckdb")
    source = context.data_sources.add_duckdb("city", connection_string=f"duckdb:///{where}")
    with source.get_engine().connect() as connection:
        connection.execute(sa.text(PEOPLE))
        connection.execute(sa.text("CREATE VIEW seen AS SELECT * FROM people"))
    yield source
    source.get_execution_engine().close()


def _validate(asset: Any, expectation: Any) -> Any:
    result = asset.add_batch_definition_whole_table("all").get_batch().validate(expectation)
    assert not result.exception_info.get("exception_message"), result.exception_info
    return result


KEPT = [
    gxe.ExpectTableRowCountToBeBetween(min_value=1000, max_value=1000),
    gxe.ExpectColumnValuesToBeUnique(column="id"),
    gxe.ExpectColumnValuesToNotBeNull(column="name", mostly=0.9),
    gxe.ExpectColumnValuesToBeBetween(column="born", min_value="2020-01-01"),
    gxe.ExpectColumnMaxToBeBetween(column="grade", max_value=6),
    gxe.ExpectColumnMeanToBeBetween(column="grade", min_value=2, max_value=4),
    gxe.ExpectColumnMedianToBeBetween(column="grade", min_value=2, max_value=4),
    gxe.ExpectColumnStdevToBeBetween(column="grade", min_value=1, max_value=3),
    gxe.ExpectColumnQuantileValuesToBeBetween(
        column="grade", quantile_ranges={"quantiles": [0.1, 0.9], "value_ranges": [[0, 1], [5, 6]]}
    ),
    gxe.ExpectColumnDistinctValuesToEqualSet(column="grade", value_set=[0, 1, 2, 3, 4, 5, 6]),
    gxe.ExpectColumnValueLengthsToBeBetween(column="name", min_value=5, max_value=7),
    gxe.ExpectColumnValuesToBeOfType(column="born", type_="DATE"),
    gxe.ExpectColumnValuesToBeOfType(column="name", type_="VARCHAR"),
    gxe.ExpectTableColumnsToMatchSet(column_set=["id", "name", "born", "grade"]),
    gxe.ExpectTableRowCountToEqualOtherTable(other_table_name="seen"),
    gxe.ExpectCompoundColumnsToBeUnique(column_list=["id", "name"]),
    gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="id", column_B="grade", or_equal=True),
    gxe.UnexpectedRowsExpectation(
        unexpected_rows_query="SELECT b.id FROM {batch} AS b LEFT JOIN seen USING (id) "
        "WHERE seen.id IS NULL"
    ),
    # Regular expressions search, as on GX's other engines: they need not match the whole text.
    gxe.ExpectColumnValuesToMatchRegex(column="name", regex="ame[0-9]"),
    gxe.ExpectColumnValuesToNotMatchRegex(column="name", regex="^ame"),
    gxe.ExpectColumnValuesToMatchRegexList(column="name", regex_list=["^x", "^n"]),
    gxe.ExpectColumnValuesToNotMatchRegexList(column="name", regex_list=["^x", "e$"]),
    gxe.ExpectColumnValuesToMatchLikePattern(column="name", like_pattern="n%"),
]
BROKEN = [
    gxe.ExpectColumnValuesToMatchRegex(column="name", regex="^ame"),
    gxe.ExpectColumnValuesToNotMatchRegex(column="name", regex="ame"),
    gxe.ExpectColumnValuesToMatchRegexList(column="name", regex_list=["^x"]),
    gxe.ExpectColumnValuesToMatchLikePattern(column="name", like_pattern="x%"),
    gxe.ExpectColumnValuesToBeOfType(column="born", type_="VARCHAR"),
    gxe.ExpectColumnValuesToNotBeNull(column="name"),
]


@pytest.mark.parametrize("asset_name", ["people", "seen"])
def test_expectations_hold_on_tables_and_views(source: DuckDBDatasource, asset_name: str) -> None:
    asset = source.add_table_asset(asset_name)
    suite = gx.ExpectationSuite("kept", expectations=[each.copy() for each in KEPT])
    result = asset.add_batch_definition_whole_table("all").get_batch().validate(suite)
    assert [r.expectation_config.type for r in result.results if not r.success] == []


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_expectations_fail(source: DuckDBDatasource, number: int) -> None:
    assert not _validate(source.add_table_asset("people"), BROKEN[number].copy()).success


def test_query_assets(source: DuckDBDatasource) -> None:
    asset = source.add_query_asset("some", query="SELECT * FROM people WHERE id < 10")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    assert batch.validate(gxe.ExpectTableRowCountToEqual(value=10)).success
    assert batch.validate(gxe.ExpectColumnValuesToMatchRegex(column="name", regex="^n")).success


def test_a_failure_leaves_the_connection_usable(source: DuckDBDatasource) -> None:
    batch = source.add_table_asset("people").add_batch_definition_whole_table("all").get_batch()
    failed = batch.validate(gxe.UnexpectedRowsExpectation(unexpected_rows_query="{batch} nonsense"))
    assert not failed.success
    assert batch.validate(gxe.ExpectColumnValuesToBeUnique(column="id")).success
    seen = source.add_table_asset("seen").add_batch_definition_whole_table("all").get_batch()
    assert seen.validate(gxe.ExpectColumnValuesToBeUnique(column="id")).success


def test_batches_may_be_copied_to_temporary_tables(context: Any) -> None:
    source = context.data_sources.add_duckdb(
        "copying", connection_string="duckdb:///:memory:", create_temp_table=True
    )
    with source.get_engine().connect() as connection:
        connection.execute(sa.text(PEOPLE))
    batch = source.add_table_asset("people").add_batch_definition_whole_table("all").get_batch()
    assert batch.validate(gxe.ExpectTableRowCountToEqual(value=1000)).success
    source.get_execution_engine().close()


def test_our_suites_are_plain_files_of_gx_own_store(tmp_path: Path) -> None:
    """Copied into a project of GX's own, its store reads them, and writes them as they are."""
    project = gx.get_context(mode="file", project_root_dir=tmp_path)
    folder = tmp_path / "gx" / "expectations"
    for file in EXPECTATIONS.glob("*.json"):
        declared = json.loads(file.read_text(encoding="utf-8"))
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        suite = gx.core.ExpectationSuite(**declared)
        assert len(suite.expectations) == len(declared["expectations"])
        written = suite.to_json_dict()["expectations"]
        assert [{k: v for k, v in each.items() if k != "id"} for each in written] == declared[
            "expectations"
        ]
    found = {suite.name: suite for suite in project.suites.all()}
    assert set(found) == {file.stem for file in EXPECTATIONS.glob("*.json")}
