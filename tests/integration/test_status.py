"""``baselib status`` tells what happened, in the order in which it happened."""

from collections.abc import Callable

import pytest

from pipelines.cli.site.status import status
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.quality.score import Count, score_counts
from pipelines.settings import Settings
from pipelines.warehouse import (
    FindingCount,
    connect,
    database_url,
    migrate,
    record_batch,
    record_expectations,
    record_findings,
    record_timing,
)
from pipelines.warehouse.quality.scores import record_score

AIRFLOW_RUN, COMMAND_RUN = "20260630T020000", "20260630"  # in this order


@pytest.fixture
def told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], list[list[str]]]:
    """The words of every line that ``baselib status`` writes."""
    monkeypatch.setenv("BASELIB_DATABASE_URL", database_url(settings))

    def lines() -> list[list[str]]:
        status(home=settings.home)
        return [line.split() for line in capsys.readouterr().out.splitlines()]

    return lines


def test_the_last_run_is_the_one_that_ran_last(settings, told):
    migrate(settings)
    engine = connect(settings)
    for run, good, seconds in ((AIRFLOW_RUN, 50, 9), (COMMAND_RUN, 90, 2)):
        counts = [Count("0301", "citizen_id", "citizen_id", good, 100)]
        scores = {"": score_counts(counts)}
        about = {"scope": "library", "subject": "population", "run": run}
        record_score(engine, **about, counts=counts, scores=scores)
        record_timing(engine, subject="population", run=run, stage="resolve", seconds=seconds)
    engine.dispose()
    lines = told()
    assert ["population", COMMAND_RUN, "90.00", "50.00", "B"] in [line[:5] for line in lines]
    assert lines[lines.index(["resolve"]) + 1] == ["2.0"]


def test_problems_are_what_a_mail_counts_and_remarks_are_apart(settings, told):
    migrate(settings)
    engine = connect(settings)
    about = {"source": "health__births", "batch": "20260630"}
    counts = {"landed": 9, "staged": 8, "superseded": 0, "quarantined": 1, "findings": 9}
    record_batch(engine, **about, library="population", **counts)
    found = [
        FindingCount("citizen_id", "citizen_id", "CHECK_DIGIT", "error", 2),
        FindingCount("mobile", "mobile", "LENGTH", "warning", 3),
        FindingCount("person_name", "person_name", "CONFIRMED_BY_OWNER", "info", 4),
        FindingCount("", "", "NO_KEY", "error", 1),
    ]
    record_findings(engine, **about, counts=found)
    record_batch(engine, source="health__deaths", batch="20260630", library="population", landed=5)
    engine.dispose()
    lines = told()
    assert ["health__births", "20260630", "9", "8", "0", "1", "6", "4"] in lines
    assert ["health__deaths", "20260630", "5", "—", "—", "—", "—", "—"] in lines
    assert ["all", "14", "8", "0", "1", "6", "4"] in lines


def test_failed_stopped_and_late_sources_are_shown(settings, told, monkeypatch):
    migrate(settings)
    monkeypatch.setenv("BASELIB_TODAY", "2026-07-02")
    engine = connect(settings)
    whole = {"landed": 9, "staged": 9, "superseded": 0, "quarantined": 0}
    about = {"library": "population", "batch": "20260630"}
    for source in (
        "health__medical_records",
        "education__enrollment",
        "market_regulation__business_licenses",
    ):
        record_batch(engine, source=source, **about, **whole)
    record_batch(engine, source="health__births", **about, landed=9)
    for source, run, stage in (
        ("health__births", "20260630", "stage"),
        ("education__enrollment", "20260701", "land"),
        ("health__medical_records", "20260630", "stage"),
    ):
        record_timing(engine, subject=source, run=run, stage=stage, seconds=1)
    outcome = ExpectationOutcome(
        suite="staged",
        name="rows_are_there",
        expectation="e",
        column=None,
        severity="critical",
        success=False,
        observed="",
        expected="",
        note_zh="",
    )
    record_expectations(
        engine,
        subject="health__medical_records",
        run="20260630",
        layer="source",
        outcomes=[outcome],
    )
    engine.dispose()
    shown = {(line[0], line[1], line[2]) for line in told() if len(line) > 3}
    assert ("health__births", "20260630", "failed") in shown
    assert ("education__enrollment", "20260701", "failed") in shown
    assert ("health__medical_records", "20260630", "stopped") in shown
    missing = [line for line in told() if line[1:3] == ["missing", "has"]]
    assert ["human_resources__social_insurance"] in [line[:1] for line in missing]
    late = {source for source, _batch, state in shown if state == "late"}
    daily = {"health__medical_records", "market_regulation__business_licenses"}
    assert late == daily  # the others have a week


def test_where_all_is_well_nothing_is_said(settings, told, monkeypatch):
    migrate(settings)
    monkeypatch.setenv("BASELIB_TODAY", "2026-06-30")
    engine = connect(settings)
    whole = {"landed": 9, "staged": 9, "superseded": 0, "quarantined": 0}
    record_batch(engine, source="a__b", library="population", batch="20260630", **whole)
    engine.dispose()
    assert ["Sources", "that", "need", "a", "look"] not in told()
