"""What a run of a DAG does, and what when a verb fails. The verbs themselves are replaced."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

INGEST = "ingest__taxation__taxpayers"
SOURCE = "taxation__taxpayers"
SMTP = "smtp://reports:not-a-real-password@mail.example:2525"
ASKED = "0123456789abcdef"
OVER = {"dag": "library__population", "failing": "check_library", "error": "IdBudgetExceeded"}
SCENARIOS = {
    "given batch": {"dag": INGEST, "conf": {"batch": "20260630-2"}},
    # Two in the morning in China, still the day before in UTC.
    "dated": {"dag": INGEST, "logical_date": "2026-06-29T18:00:00+00:00"},
    "check fails": {"dag": INGEST, "conf": {"batch": "20260630"}, "failing": "check"},
    "land fails": {"dag": INGEST, "conf": {"batch": "20260630"}, "failing": "land"},
    "column missing": {
        "dag": INGEST,
        "conf": {"batch": "20260630"},
        "failing": "land",
        "error": "MissingColumn",
    },
    "nothing delivered": {
        "dag": INGEST,
        "conf": {"batch": "20260630"},
        "failing": "land",
        "error": "DeliveryMissing",
    },
    "report fails": {"dag": INGEST, "conf": {"batch": "20260630"}, "failing": "report_stopped"},
    "nothing new": {"dag": INGEST, "conf": {"batch": "20260701"}, "unchanged": "land"},
    "library": {"dag": "library__population"},
    "library unchanged": {"dag": "library__population", "unchanged": "resolve_if_changed"},
    "batch untold": {
        "dag": "library__population",
        "unchanged": "resolve_if_changed",
        "goes_on": ["report_library"],
    },
    "gate closed": {"dag": "library__population", "failing": "check_library"},
    "approved": {**OVER, "answer": [True, "医院补报", ASKED]},
    "rejected": {**OVER, "answer": [False, "数据有误", ASKED]},
    "no reason": {**OVER, "answer": [True, "  ", ASKED]},
    "nobody answers": {**OVER, "answer": "silence"},
    "mail": {"dag": "quality_reports"},
    "mail undelivered": {"dag": "quality_reports", "failing": "check_mail"},
    "with a secret": {"dag": "ingest__education__students", "conf": {"batch": "20260630"}},
    "digest fails": {"dag": "quality_reports", "failing": "digest"},
}
Ran = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Where engineers are told, and what they heard."""
    heard: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", heard
    server.shutdown()


Gauge = tuple[str, str, float]  # name, subject, value


@pytest.fixture(scope="module")
def board() -> Iterator[tuple[str, set[Gauge]]]:
    """Where a site collects metrics, and which of baselib's it got."""
    got: set[Gauge] = set()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = ExportMetricsServiceRequest()
            sent.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
            got.update(_gauges(sent))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()


def _gauges(sent: ExportMetricsServiceRequest) -> Iterator[Gauge]:
    for resource in sent.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.gauge.data_points:
                    about = {each.key: each.value.string_value for each in point.attributes}
                    if "baselib." in metric.name:
                        value = point.as_double or point.as_int
                        yield metric.name, about.get("subject", ""), value


@pytest.fixture(scope="module")
def ran(
    in_airflow: Callable[..., Any],
    hook: tuple[str, list[dict[str, str]]],
    board: tuple[str, set[Gauge]],
) -> Ran:
    """All scenarios in one process, for Airflow takes longer to start than they take to run."""
    answers = in_airflow(
        "run_dags.py",
        json.dumps(list(SCENARIOS.values())),
        AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY="0",
        AIRFLOW_CONN_BASELIB_SMTP=SMTP,
        AIRFLOW_CONN_BASELIB_SECRET_DEMO_API="http://:not-a-real-token@",
        BASELIB_ALARM_WEBHOOK=hook[0],
        AIRFLOW__METRICS__OTEL_ON="True",
        OTEL_EXPORTER_OTLP_ENDPOINT=board[0],
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    return dict(zip(SCENARIOS, answers, strict=True))


def test_an_ingest_calls_its_verbs_in_order_with_the_batch_it_was_given(ran):
    assert ran["given batch"]["state"] == "success"
    verbs = ("land", "stage", "check", "score", "track", "report_stopped")
    assert ran["given batch"]["calls"] == [[verb, SOURCE, "20260630-2"] for verb in verbs]


def test_a_scheduled_date_is_the_batch_of_that_day_in_china(ran):
    assert ran["dated"]["calls"][0] == ["land", SOURCE, "20260630"]


def test_a_failed_check_fails_the_run_and_is_reported_all_the_same(ran):
    run = ran["check fails"]
    assert run["state"] == "failed"
    assert run["tasks"]["check"] == "failed"
    assert run["tasks"]["report_stopped"] == "success"
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
        "report_stopped",
    ]


@pytest.mark.parametrize("scenario", ["column missing", "nothing delivered"])
def test_what_only_a_person_can_mend_is_red_at_once(ran, scenario):
    """Asked for by hand, a delivery is not waited for either."""
    run = ran[scenario]
    assert run["tasks"]["land"] == "failed"
    assert [call[0] for call in run["calls"]].count("land") == 1


def test_a_failed_report_fails_the_run(ran):
    assert ran["report fails"]["state"] == "failed"


def test_a_library_is_resolved_merged_checked_published_compared_and_scored_under_one_run_id(ran):
    run = ran["library"]
    assert run["state"] == "success"
    verbs = ["resolve_if_changed", "merge", "check_library", "publish", "compare", "score_library"]
    verbs.append("report_library")
    assert [call[0] for call in run["calls"]] == verbs
    (run_id,) = {call[2] for call in run["calls"]}
    assert re.fullmatch(r"\d{8}T\d{6}", run_id)


def test_an_ingest_ends_where_the_delivery_brings_nothing_new_and_its_library_hears_of_it(ran):
    run = ran["nothing new"]
    assert run["state"] == "success"
    assert run["calls"] == [["land", SOURCE, "20260701"]]
    assert {task for task, state in run["tasks"].items() if state != "skipped"} == {"land"}
    assert run["events"].keys() == {f"staged/{SOURCE}"}
    assert run["events"][f"staged/{SOURCE}"]["rows"] == 3  # as a check would have told
    assert ran["given batch"]["events"].keys() == {f"staged/{SOURCE}", f"reports/{SOURCE}"}


def test_a_library_of_which_nothing_has_changed_is_not_built_and_others_need_not_wait(ran):
    run = ran["library unchanged"]
    assert run["state"] == "success"
    assert [call[0] for call in run["calls"]] == ["resolve_if_changed"]
    assert run["events"].keys() == {"published/population"}


def test_a_batch_of_an_unchanged_library_is_told_of_all_the_same(ran):
    run = ran["batch untold"]
    assert run["state"] == "success"
    assert [call[0] for call in run["calls"]] == ["resolve_if_changed", "report_library"]
    assert "published/population" in run["events"]
    assert f"reports/{SOURCE}" not in run["events"]  # a source of another library


def test_a_closed_gate_keeps_a_library_from_being_published(ran):
    run = ran["gate closed"]
    assert run["state"] == "failed"
    assert run["tasks"]["publish"] == "upstream_failed"
    assert run["tasks"]["report_library"] == "success"  # what its owners sent was not stopped


def test_a_run_over_its_budget_goes_on_with_an_approval_that_is_kept(ran):
    run = ran["approved"]
    assert run["state"] == "success"
    verbs = [call[0] for call in run["calls"]]
    assert verbs == [
        *("resolve_if_changed", "merge", "check_library", "approve"),
        *("publish", "compare", "score_library", "report_library"),
    ]
    (_, library, run_id, candidate, by, reason) = run["calls"][3]
    assert (library, candidate, by, reason) == ("population", ASKED, "wang", "医院补报")
    assert run_id == run["calls"][0][2]


def test_a_rejected_run_publishes_nothing_and_is_no_failure(ran):
    run = ran["rejected"]
    assert run["state"] == "success"
    assert run["tasks"]["publish"] == run["tasks"]["score_library"] == "skipped"
    assert run["tasks"]["report_library"] == "success"
    assert "approve" not in [call[0] for call in run["calls"]]


@pytest.mark.parametrize("scenario", ["no reason", "nobody answers"])
def test_without_an_answer_that_has_a_reason_nothing_is_published(ran, scenario):
    run = ran[scenario]
    assert run["state"] == "failed"
    assert run["tasks"]["approve"] == "failed"
    assert run["tasks"]["publish"] == "upstream_failed"
    assert "approve" not in [call[0] for call in run["calls"]]


def test_mail_goes_through_the_airflow_connection_when_there_is_one(ran):
    calls = ran["mail"]["calls"]
    encrypted = SMTP.replace("smtp:", "smtp+starttls:")  # clear only where the extras say so
    assert calls[:4] == [["digest"], ["remind"], ["remind_duties"], ["deliver", encrypted]]
    assert sorted(calls[4:]) == [["check_mail"], ["expire"], ["tidy"]]


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
            told: dict[str, object] = {"subject": "something", "rows": 3}
            if task in ("land", "resolve") and "unchanged" in SCENARIOS[name]:
                told |= {"unchanged": True, "goes_on": SCENARIOS[name].get("goes_on", [])}
            if task == "check_library" and "answer" in SCENARIOS[name]:
                value = {k: v for k, v in value.items() if k not in ("library", "run")}
                told = {"changed_ids": 7, "published_ids": 100, "awaits_approval": True}
            if task == "approve":  # tasks, noted by Airflow itself
                assert set(value) <= {"followed", "skipped"}, name
            else:
                assert value == told, f"{name}, {task}"


@pytest.mark.usefixtures("ran")
def test_engineers_hear_of_each_cause_once(hook):
    causes = [alarm["cause"] for alarm in hook[1]]
    asked = [one for one in causes if one.startswith("awaits approval population ")]
    assert len(asked) == 4
    assert sorted(one for one in causes if one not in asked) == [
        f"DeliveryMissing {INGEST}",
        f"MissingColumn {INGEST}",
        "NotApproved library__population",
        f"UnexpectedError {INGEST}",  # three runs of it failed so
        "UnexpectedError library__population",
        "UnexpectedError quality_reports",
    ]
    missing = next(one for one in hook[1] if one["cause"].startswith("MissingColumn"))
    assert missing["title"] == f"{INGEST}, land: MissingColumn"
    assert "MissingColumn, in words" in missing["text"]
    assert "land" in missing["link"]


@pytest.mark.usefixtures("ran")
def test_a_site_s_board_gets_what_each_verb_came_to_by_source_and_library(board):
    of_a_source = {(f"airflow.baselib.{verb}.rows", SOURCE, 3) for verb in ("land", "score")}
    assert of_a_source | {
        ("airflow.baselib.merge.rows", "population", 3),
        ("airflow.baselib.deliver.rows", "site", 3),
    } <= {(name, subject, value) for name, subject, value in board[1]}


def test_a_source_s_secret_is_the_password_of_its_airflow_connection_where_it_is_needed(ran):
    # These runs are one process; in one of its own, only a landing and a report have it.
    assert ran["with a secret"]["secrets"]["land"] == "not-a-real-token"
    assert ran["given batch"]["secrets"] == {}
