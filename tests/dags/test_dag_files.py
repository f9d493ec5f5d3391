"""The DAG files follow from the declarations, all of them, and reading them is cheap."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts import load_sources
from pipelines.settings import load_settings

PROJECT = Path(__file__).parents[2]
SOURCES = load_sources(load_settings())
LIBRARIES = {
    "library__population": set(),
    "library__legal_entity": {"published/population"},
    "library__e_license": {"published/population", "published/legal_entity"},
}


@pytest.fixture(scope="session")
def described(in_airflow: Callable[..., Any]) -> dict[str, Any]:
    return in_airflow("describe_dags.py")


def test_every_declaration_has_its_dag_and_nothing_else_has(described):
    assert described["import_errors"] == {}
    expected = {f"ingest__{name}" for name in SOURCES} | LIBRARIES.keys() | {"quality_reports"}
    assert described["dags"].keys() == expected


def test_a_library_that_a_site_declares_has_its_dag(in_airflow: Callable[..., Any]) -> None:
    housing = PROJECT / "tests/fixtures/housing"
    described = in_airflow(
        "describe_dags.py",
        BASELIB_LIBRARIES=str(housing / "libraries"),
        BASELIB_SOURCES=f"{PROJECT / 'sources'}:{housing / 'sources'}",
    )
    assert described["import_errors"] == {}
    dag = described["dags"]["library__housing"]
    houses = ("housing__houses", "natural_resources__real_estate_registrations")
    assert dag["owners"] == ["房屋库"]
    assert set(dag["assets"]) == {
        *(f"staged/{name}" for name in houses),
        *("published/population", "published/legal_entity"),
    }
    assert {f"ingest__{name}" for name in houses} <= described["dags"].keys()


def test_a_page_says_whose_the_data_are_and_what_to_do(described):
    for dag_id, dag in described["dags"].items():
        assert dag["owners"], dag_id
        assert dag["owners"] != ["airflow"], dag_id
        assert dag["tags"], dag_id
        assert re.search(r"When (a task|it) is red", dag["doc"]), dag_id
    for name, source in SOURCES.items():
        dag = described["dags"][f"ingest__{name}"]
        assert dag["owners"] == [source.owner.department]
        assert f"library:{source.library}" in dag["tags"]
        assert all(address in dag["doc"] for address in source.owner.emails)


def test_nothing_is_caught_up_and_runs_do_not_overlap(described):
    for dag_id, dag in described["dags"].items():
        assert dag["catchup"] is False, dag_id
        # Runs of an ingest order themselves by batch, whoever starts them.
        takes_turns = dag_id.startswith("ingest__")
        assert (dag["max_active_runs"] == 1) is not takes_turns, dag_id


def test_an_ingest_is_scheduled_by_its_contract_in_chinese_time(described):
    for name, source in SOURCES.items():
        dag = described["dags"][f"ingest__{name}"]
        assert dag["cron"] == source.schedule
        if source.schedule:
            assert dag["zone"] == "Asia/Shanghai"


def test_an_ingest_is_a_chain_whose_check_is_not_retried(described):
    for name in SOURCES:
        tasks = described["dags"][f"ingest__{name}"]["tasks"]
        assert {task: facts["upstream"] for task, facts in tasks.items()} == {
            "land": [],
            "stage": ["land"],
            "check": ["stage"],
            "score": ["check"],
            "track": ["score"],
            "report_stopped": ["track"],
            "passed": ["check", "score", "track"],
        }
        assert tasks["check"]["retries"] == 0
        assert all(tasks[task]["retries"] > 0 for task in ("land", "stage", "report_stopped"))
        # Of a delivery that brings nothing new, its landing tells; of any other its check.
        assert tasks["land"]["outlets"] == tasks["check"]["outlets"] == [f"staged/{name}"]


def test_a_library_waits_for_its_sources_and_for_the_libraries_that_it_points_to(described):
    for dag_id, published in LIBRARIES.items():
        library = dag_id.removeprefix("library__")
        staged = {f"staged/{name}" for name, each in SOURCES.items() if each.library == library}
        dag = described["dags"][dag_id]
        assert set(dag["assets"]) == staged | published
        assert dag["timetable"] == "AssetOrTimeSchedule"
        assert dag["tasks"]["publish"]["upstream"] == ["approve"]
        assert dag["tasks"]["approve"]["upstream"] == ["check_library"]
        tasks = dag["tasks"]
        assert (
            tasks["publish"]["outlets"] == [f"published/{library}"] == tasks["resolve"]["outlets"]
        )
        assert dag["tasks"]["check_library"]["retries"] == 0
        assert dag["tasks"]["report_library"]["upstream"] == ["score_library"]


def test_what_others_wait_for_goes_first(described):
    def weight(dag_id: str, task: str) -> int:
        return described["dags"][dag_id]["tasks"][task]["weight"]

    licences = weight("ingest__health__practice_licenses", "land")
    persons = weight("ingest__public_security__household_registration", "land")
    assert licences < persons < weight("library__population", "publish")


def test_reports_are_delivered_after_any_ingest(described):
    assert set(described["dags"]["quality_reports"]["assets"]) == {f"reports/{n}" for n in SOURCES}


def test_reading_the_dag_files_is_cheap_and_loads_no_engine(described):
    assert described["engines"] == []
    assert described["seconds"] < 2


def test_a_dag_file_is_wiring_and_fits_a_screen():
    files = sorted((PROJECT / "dags").glob("*.py"))
    assert [file.name for file in files] == [
        *("contracts.py", "ingest.py", "library.py", "quality_reports.py")
    ]
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 60, f"{file.name} has {len(lines)} lines; move logic into pipelines/"


def test_a_wrong_contract_stops_its_own_source_only(in_airflow, tmp_path):
    good = next(iter(SOURCES.values()))
    (tmp_path / good.file.name).write_bytes(good.file.read_bytes())
    (tmp_path / "health__broken.yml").write_text("kind: DataContract\n", encoding="utf-8")
    described = in_airflow("describe_dags.py", BASELIB_SOURCES=str(tmp_path))
    assert f"ingest__{good.name}" in described["dags"]
    assert "ingest__health__broken" not in described["dags"]
    assert any("health__broken" in trace for trace in described["import_errors"].values())
