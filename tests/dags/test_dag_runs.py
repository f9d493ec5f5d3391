"""What a run of a DAG does, and what when a verb fails. The verbs themselves are replaced."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

INGEST = "ingest__taxation__taxpayers"
SOURCE = "taxation__taxpayers"
SMTP = "smtp://reports:not-a-real-password@mail.example:2525"
SCENARIOS = {
    "given batch": {"dag": INGEST, "conf": {"batch": "20260630-2"}},
    # Two in the morning in China, still the day before in UTC.
    "dated": {"dag": INGEST, "logical_date": "2026-06-29T18:00:00+00:00"},
    "check fails": {"dag": INGEST, "conf": {"batch": "20260630"}, "failing": "check"},
    "land fails": {"dag": INGEST, "conf": {"batch": "20260630"}, "failing": "land"},
    "report fails": {"dag": INGEST, "conf": {"batch": "20260630"}, "failing": "report"},
    "library": {"dag": "library__population"},
    "gate closed": {"dag": "library__population", "failing": "check_library"},
    "mail": {"dag": "quality_reports"},
    "mail undelivered": {"dag": "quality_reports", "failing": "check_mail"},
    "digest fails": {"dag": "quality_reports", "failing": "digest"},
}
Ran = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def ran(in_airflow: Callable[..., Any]) -> Ran:
    """All scenarios in one process, for Airflow takes longer to start than they take to run."""
    answers = in_airflow(
        "run_dags.py",
        json.dumps(list(SCENARIOS.values())),
        AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY="0",
        AIRFLOW_CONN_BASELIB_SMTP=SMTP,
    )
    return dict(zip(SCENARIOS, answers, strict=True))


def test_an_ingest_calls_its_verbs_in_order_with_the_batch_it_was_given(ran):
    assert ran["given batch"]["state"] == "success"
    verbs = ("land", "stage", "check", "score", "track", "report")
    assert ran["given batch"]["calls"] == [[verb, SOURCE, "20260630-2"] for verb in verbs]


def test_a_scheduled_date_is_the_batch_of_that_day_in_china(ran):
    assert ran["dated"]["calls"][0] == ["land", SOURCE, "20260630"]


def test_a_failed_check_fails_the_run_and_is_reported_all_the_same(ran):
    run = ran["check fails"]
    assert run["state"] == "failed"
    assert run["tasks"]["check"] == "failed"
    assert run["tasks"]["report"] == "success"
    assert [call[0] for call in run["calls"]].count("check") == 1  # not retried


def test_a_failed_landing_is_retried_then_fails_the_run_and_is_reported(ran):
    run = ran["land fails"]
    assert run["state"] == "failed"
    assert run["tasks"]["stage"] == run["tasks"]["check"] == "upstream_failed"
    assert [call[0] for call in run["calls"]] == [
        "land",
        "land",
        "land",
        "score",
        "track",
        "report",
    ]


def test_a_failed_report_fails_the_run(ran):
    assert ran["report fails"]["state"] == "failed"


def test_a_library_is_resolved_merged_checked_published_compared_and_scored_under_one_run_id(ran):
    run = ran["library"]
    assert run["state"] == "success"
    verbs = ["resolve", "merge", "check_library", "publish", "compare", "score_library"]
    assert [call[0] for call in run["calls"]] == verbs
    (run_id,) = {call[2] for call in run["calls"]}
    assert re.fullmatch(r"\d{8}T\d{6}", run_id)


def test_a_closed_gate_keeps_a_library_from_being_published(ran):
    run = ran["gate closed"]
    assert run["state"] == "failed"
    assert run["tasks"]["publish"] == "upstream_failed"


def test_mail_goes_through_the_airflow_connection_when_there_is_one(ran):
    calls = ran["mail"]["calls"]
    assert calls[:2] == [["digest"], ["deliver", SMTP]]
    assert sorted(calls[2:]) == [["check_mail"], ["tidy"]]


def test_a_report_that_reached_nobody_shows_though_all_others_were_sent(ran):
    run = ran["mail undelivered"]
    assert run["state"] == "failed"
    assert run["tasks"]["deliver"] == "success"
    assert run["tasks"]["check_mail"] == "failed"


def test_a_digest_that_fails_holds_up_no_mail_and_shows(ran):
    run = ran["digest fails"]
    assert run["state"] == "failed"
    assert run["tasks"]["deliver"] == "success"


def test_xcoms_carry_ids_and_counts_only(ran):
    for name, run in ran.items():
        for task, value in run["xcoms"].items():
            assert value == {"subject": "something", "rows": 3}, f"{name}, {task}"
