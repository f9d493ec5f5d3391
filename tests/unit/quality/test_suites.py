"""Which suites run, on what, with which parameters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts.source import Source
from pipelines.libraries import load_libraries, load_library
from pipelines.quality.suites import (
    empty_core,
    library_parameters,
    raw_view,
    source_parameters,
    suites_for_library,
    suites_for_source,
)

SOURCE = "public_security__household_registration"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Names of suites, without content."""
    names = ["raw", "staged", "findings", f"staged.{SOURCE}", "findings.other__source"]
    names += ["identity.record", "core.person", "core.license"]
    for name in names:
        (tmp_path / f"{name}.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_a_source_gets_the_defaults_and_its_own(
    folder: Path, make_source: Callable[..., Source]
) -> None:
    runs = suites_for_source(make_source(), folder, {"a": 1})
    assert [(run.file.stem, run.table) for run in runs] == [
        ("raw", "raw"),
        ("staged", "staged"),
        ("findings", "findings"),
        (f"staged.{SOURCE}", "staged"),
    ]
    assert {run.parameters["a"] for run in runs} == {1}


def test_a_library_gets_its_own(folder: Path) -> None:
    runs = suites_for_library(load_library("population"), folder, {})
    assert [(run.file.stem, run.table) for run in runs] == [
        ("identity.record", "identity_record"),
        ("core.person", "core_person"),
    ]


def test_a_library_without_a_suite_of_its_own_gets_the_default_one(folder: Path) -> None:
    (folder / "core.json").write_text("{}", encoding="utf-8")
    house = replace(load_library("population"), entity="house")
    assert [(run.file.stem, run.table) for run in suites_for_library(house, folder, {})] == [
        ("identity.record", "identity_record"),
        ("core", "core_house"),
    ]


def test_a_site_s_suites_stand_beside_its_declarations(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path_factory.mktemp("site")
    (site / folder.name).mkdir()
    (site / folder.name / "core.house.json").write_text("{}", encoding="utf-8")
    house = replace(load_library("population"), entity="house")
    monkeypatch.setenv("BASELIB_LIBRARIES", str(site))
    assert [run.file for run in suites_for_library(house, folder, {})][-1].parent.parent == site


@pytest.mark.parametrize(
    ("delivery", "history", "floor"),
    [
        ("snapshot", [], 1),
        ("snapshot", [1000, 1100, 900], 500),
        ("snapshot", [1], 1),
        ("delta", [], 0),
        ("delta", [1000], 0),
    ],
)
def test_only_a_snapshot_has_a_floor(
    make_source: Callable[..., Source], delivery: str, history: list[int], floor: int
) -> None:
    assert source_parameters(make_source(delivery=delivery), history)["floor_rows"] == floor


def test_source_parameters_speak_of_days_and_usual_volume(
    make_source: Callable[..., Source],
) -> None:
    given = source_parameters(make_source(frequency=timedelta(hours=12)), [1000, 1000, 1000])
    assert given == {"min_rows": 800, "max_rows": 1200, "floor_rows": 500, "frequency_days": 0.5}


def test_library_parameters_carry_the_code_tables() -> None:
    given = library_parameters(load_library("population"), date(2026, 6, 30), 7)
    assert given["run_date"] == date(2026, 6, 30)
    assert given["published_rows"] == 7
    assert given["sex_codes"] == ["0", "1", "2", "9"]
    assert "region_codes" not in given


@pytest.mark.parametrize("library", sorted(load_libraries()))
def test_an_unbuilt_library_is_a_table_without_rows(library: str) -> None:
    declared = load_library(library)
    empty = duckdb.connect().sql(empty_core(declared))
    assert empty.columns == ["entity_id", *declared.value_columns]
    assert empty.fetchall() == []


def test_age_is_counted_from_the_date_of_the_batch() -> None:
    con = duckdb.connect()
    con.execute("""CREATE VIEW delivered AS
        SELECT unnest(['20260630', '20260628-2']) AS _batch, CAST(NULL AS VARCHAR) AS _defect""")
    aged = con.sql(raw_view("delivered", date(2026, 7, 1))).select("_batch", "_age_days")
    assert aged.fetchall() == [("20260630", 1), ("20260628-2", 3)]


def test_lines_that_are_no_records_are_no_unreadable_ones() -> None:
    con = duckdb.connect()
    con.execute("""CREATE VIEW delivered AS SELECT '20260630' AS _batch, unnest(
        [NULL, 'RAGGED_LINE', 'REPEATED_HEADER', 'FOOTER_ROW', 'RAGGED_LINE']) AS _defect""")
    raw = con.sql(raw_view("delivered", date(2026, 6, 30))).select("_defect", "_unreadable")
    assert raw.fetchall() == [(None, 2), ("RAGGED_LINE", 2), ("RAGGED_LINE", 2)]
