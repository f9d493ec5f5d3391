"""Running suites: what counts as a failure, and what is never told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.engines.gx.run import run_suites
from pipelines.errors import DeclarationRefused
from pipelines.quality.outcome import gate
from pipelines.quality.suites import SuiteRun
from pipelines.settings import Settings

WriteSuite = Callable[..., Path]


def _expect(kind: str, name: str = "claim", severity: str = "warning", **kwargs: Any) -> Any:
    meta = {"name": name, "note_zh": "说明"}
    return {"type": f"expect_{kind}", "kwargs": kwargs, "severity": severity, "meta": meta}


@pytest.fixture
def write_suite(tmp_path: Path) -> WriteSuite:
    """``write_suite(expectation, ..., parameters={})`` -> the suite's file."""

    def write(*expectations: Any, parameters: dict[str, Any] | None = None) -> Path:
        file = tmp_path / "some.json"
        document = {"name": "some", "expectations": expectations, "meta": {}}
        document["suite_parameters"] = parameters or {}
        file.write_text(json.dumps(document), encoding="utf-8")
        return file

    return write


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of its own."""
    return Settings(home=tmp_path)


def test_tables_are_files_queries_and_arrow(
    settings: Settings, write_suite: WriteSuite, tmp_path: Path
) -> None:
    for part in range(2):
        table = pa.table({"x": [part], **({"later": ["only here"]} if part else {})})
        pq.write_table(table, tmp_path / f"{part}.parquet")
    suite = write_suite(_expect("table_row_count_to_equal", value={"$PARAMETER": "rows"}))
    outcomes = run_suites(
        settings,
        {
            "files": sorted(tmp_path.glob("*.parquet")),
            "query": "SELECT * FROM files WHERE later IS NULL",
            "arrow": pa.table({"x": [1, 2, 3]}),
        },
        [SuiteRun(suite, t, {"rows": n}) for t, n in [("files", 2), ("query", 1), ("arrow", 3)]],
    )
    assert [(outcome.success, outcome.observed) for outcome in outcomes] == [
        (True, "2"),
        (True, "1"),
        (True, "3"),
    ]


def test_parameters_of_a_run_win_over_the_defaults_of_a_suite(
    settings: Settings, write_suite: WriteSuite
) -> None:
    suite = write_suite(
        _expect("table_row_count_to_be_between", min_value={"$PARAMETER": "rows * (1 - drop)"}),
        parameters={"drop": 0.5},
    )
    runs = [SuiteRun(suite, "t", {"rows": 2}), SuiteRun(suite, "t", {"rows": 2, "drop": 0})]
    outcomes = run_suites(settings, {"t": "SELECT 1 AS x"}, runs)
    assert [(o.success, o.expected) for o in outcomes] == [(True, "≥ 1"), (False, "≥ 2")]


def test_what_cannot_be_evaluated_has_failed_critically(
    settings: Settings, write_suite: WriteSuite
) -> None:
    suite = write_suite(
        _expect("column_values_to_be_unique", "no_such_column", column="missing"),
        _expect("table_row_count_to_equal", "no_such_parameter", value={"$PARAMETER": "nobody"}),
        _expect("column_values_to_be_unique", "fine", column="x"),
    )
    outcomes = run_suites(settings, {"t": "SELECT 1 AS x"}, [SuiteRun(suite, "t")])
    assert gate(outcomes) == [
        "some/no_such_column (could not be judged)",
        "some/no_such_parameter (could not be judged)",
    ]
    assert [outcome.severity for outcome in outcomes] == ["critical", "critical", "warning"]
    assert "missing" in (outcomes[0].exception or "")
    assert "nobody" in (outcomes[1].exception or "")
    assert outcomes[2].success


def test_a_table_that_is_not_there_fails_the_whole_suite(
    settings: Settings, write_suite: WriteSuite
) -> None:
    suite = write_suite(_expect("table_row_count_to_equal", value=1))
    outcomes = run_suites(settings, {}, [SuiteRun(suite, "absent")])
    assert gate(outcomes) == ["some/claim (could not be judged)"]
    assert "absent" in (outcomes[0].exception or "")


def test_no_outcome_carries_a_value_of_the_data(
    settings: Settings, write_suite: WriteSuite
) -> None:
    secret = "11010119800101001X"
    table = f"SELECT unnest(['{secret}', '{secret}', '张三丰']) AS x, DATE '1980-01-01' AS born"
    suite = write_suite(
        _expect("column_values_to_be_unique", "a", column="x"),
        _expect("column_values_to_be_in_set", "b", column="x", value_set=["y"]),
        _expect("column_distinct_values_to_be_in_set", "c", column="x", value_set=["y"]),
        _expect("column_most_common_value_to_be_in_set", "d", column="x", value_set=["y"]),
        _expect("column_max_to_be_between", "e", column="born", max_value="1979-01-01"),
        _expect("column_sum_to_be_between", "f", column="x", max_value=1),
    )
    outcomes = run_suites(settings, {"t": table}, [SuiteRun(suite, "t")])
    assert not any(outcome.success for outcome in outcomes)
    told = repr(outcomes)
    for value in (secret, "张三丰", "1980"):
        assert value not in told
    assert outcomes[0].observed == "2 / 3 (66.7 %)"


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        ({"type": "expect_the_impossible"}, "claim"),
        ({"kwargs": {}}, "claim"),
        ({"severity": "fatal"}, "claim"),
        ({"severity": None}, "severity"),
        ({"meta": {"note_zh": "说明"}}, "meta.name"),
        ({"meta": {"name": "claim"}}, "meta.note_zh"),
    ],
)
def test_a_suite_with_a_check_that_gx_would_drop_is_refused(
    settings: Settings, write_suite: WriteSuite, spoil: dict[str, Any], field: str
) -> None:
    suite = write_suite(_expect("column_values_to_be_unique", column="x") | spoil)
    with pytest.raises(DeclarationRefused) as refused:
        run_suites(settings, {"t": "SELECT 1 AS x"}, [SuiteRun(suite, "t")])
    assert field in refused.value.field


def test_two_expectations_of_one_name_are_refused(
    settings: Settings, write_suite: WriteSuite
) -> None:
    twice = _expect("column_values_to_be_unique", column="x")
    with pytest.raises(DeclarationRefused, match="taken"):
        run_suites(settings, {"t": "SELECT 1 AS x"}, [SuiteRun(write_suite(twice, twice), "t")])


def test_text_that_is_no_json_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(DeclarationRefused, match="JSON"):
        run_suites(settings, {}, [SuiteRun(tmp_path / "bad.json", "t")])


def test_nothing_is_written_to_the_screen(
    settings: Settings, write_suite: WriteSuite, capfd: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(_expect("column_values_to_be_unique", column="missing"))
    run_suites(settings, {"t": "SELECT 1 AS x"}, [SuiteRun(suite, "t")])
    assert capfd.readouterr() == ("", "")
