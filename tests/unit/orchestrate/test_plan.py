"""What a run of everything waits for, pushes and counts as its own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.orchestrate.client import AWAITS_PEOPLE, DagRun, TaskRun
from pipelines.orchestrate.plan import (
    Plan,
    is_done,
    libraries_to_push,
    of_plan,
    reports_due,
    stopped_for_people,
    tasks_of,
)

START = datetime(2026, 6, 30, 2, tzinfo=UTC)
PLAN = Plan(
    ingests=["ingest__a", "ingest__b", "ingest__c"],
    libraries={
        "library__people": {"ingest__a", "ingest__b"},
        "library__licences": {"ingest__c", "library__people"},
    },
)
REPORTED = [TaskRun("ingest__a", "r", "report_stopped", "success", 1, START + timedelta(minutes=2))]


def run(dag_id: str, state: str, minute: int = 1, kind: str = "manual") -> DagRun:
    due = START + timedelta(minutes=minute)
    ended = due if state in ("success", "failed") else None
    return DagRun(dag_id, f"{dag_id} {minute}", state, kind, due, 0.0, ended)


def runs(states: Mapping[str, str]) -> list[DagRun]:
    return [run(dag_id, state) for dag_id, state in states.items()]


INGESTED = dict.fromkeys(PLAN.ingests, "success")
BUILT = INGESTED | dict.fromkeys(PLAN.libraries, "success")


@pytest.mark.parametrize(
    ("states", "pushed"),
    [
        pytest.param({}, [], id="nothing has begun"),
        pytest.param(INGESTED, [], id="the assets start it"),
        pytest.param(
            {**INGESTED, "ingest__b": "failed"}, ["library__people"], id="one source failed"
        ),
        pytest.param(
            {"ingest__a": "failed", "ingest__b": "running"}, [], id="a source may still come"
        ),
        pytest.param(
            {"ingest__a": "failed", "ingest__b": "failed"}, [], id="no source came through"
        ),
        pytest.param(
            {**INGESTED, "library__people": "failed"},
            ["library__licences"],
            id="built on what was published before",
        ),
        pytest.param(
            {**INGESTED, "ingest__b": "failed", "library__people": "running"},
            [],
            id="pushed once",
        ),
    ],
)
def test_a_library_is_pushed_when_it_would_wait_for_ever(states, pushed):
    assert libraries_to_push(PLAN, runs(states), START + timedelta(minutes=1)) == pushed


def test_a_library_whose_assets_were_lost_is_pushed_after_a_minute():
    at = START + timedelta(minutes=2, seconds=1)
    assert libraries_to_push(PLAN, runs(INGESTED), at) == ["library__people"]


@pytest.mark.parametrize(
    ("states", "done"),
    [
        pytest.param(BUILT, True, id="all there"),
        pytest.param(INGESTED, False, id="libraries are missing"),
        pytest.param({**BUILT, "library__people": "running"}, False, id="one runs"),
        pytest.param({**BUILT, "ingest__a": "failed"}, True, id="one failed"),
        pytest.param(dict.fromkeys(PLAN.ingests, "failed"), True, id="all failed"),
    ],
)
def test_it_is_done_when_nothing_is_left_to_wait_for(states, done):
    assert is_done(PLAN, runs(states), []) is done


def test_it_is_not_done_before_the_last_report_is_delivered():
    early = [*runs(BUILT), run("quality_reports", "success", minute=1)]
    assert not is_done(PLAN, early, REPORTED)
    assert is_done(PLAN, [*early, run("quality_reports", "success", minute=3)], REPORTED)


def test_where_nothing_was_new_no_report_is_waited_for():
    skipped = [replace(REPORTED[0], state="skipped")]
    assert is_done(PLAN, runs(BUILT), skipped)
    assert reports_due(skipped) is None
    assert reports_due(REPORTED) == REPORTED[0].ended_at


def test_runs_of_a_timetable_and_of_other_dags_are_not_ours():
    ours, timed = run("ingest__a", "success"), run("ingest__a", "failed", kind="scheduled")
    assert of_plan(PLAN, [ours, timed, run("ingest__other", "success")]) == [ours]


def test_what_failed_in_a_run_of_a_timetable_is_no_failure_of_ours():
    """At eight, Airflow starts a library whose sources are only just coming in."""
    ours = run("library__people", "success")
    mine = TaskRun(ours.dag_id, ours.run_id, "resolve", "success", 1, None)
    timed = TaskRun(ours.dag_id, "scheduled__1", "resolve", "failed", 3, None)
    assert tasks_of([ours], [timed, mine]) == [mine]


def test_a_run_that_asks_a_person_has_come_as_far_as_it_can():
    known = runs({**INGESTED, "library__people": "running", "library__licences": "success"})
    asking = TaskRun("library__people", "library__people 1", "approve", AWAITS_PEOPLE, 1, None)
    stopped = stopped_for_people(known, [asking])
    assert {run.dag_id: run.state for run in stopped}["library__people"] == AWAITS_PEOPLE
    assert is_done(PLAN, stopped, [])
    assert not is_done(PLAN, known, [])
