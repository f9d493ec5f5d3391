"""The client logs in by itself and turns every refusal into an error with a remedy."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from pipelines.errors import AirflowFailed
from pipelines.orchestrate.client import AirflowClient

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEALTH = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-06-30T02:00:00Z"},
    "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
}
RUN = {
    "dag_id": "ingest__a",
    "dag_run_id": "manual",
    "state": "success",
    "run_type": "manual",
    "run_after": "2026-06-30T02:00:00Z",
    "end_date": None,
    "queued_at": None,
    "duration": 1.5,
}


@contextmanager
def airflow(answers: dict[str, Any], tokens: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Answers by path; each login hands out the next token, and only the last one is good."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of http.server

        def _reply(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.split("?")[0]
            asked.append(f"{self.command} {path}")
            if path == "/auth/token":
                return self._send(201, {"access_token": tokens.pop(0)})
            if path.endswith("/health"):
                return self._send(200, answers[path])
            if self.headers["authorization"] != "Bearer good":
                return self._send(401, {})
            return self._send(200, answers[path]) if path in answers else self._send(404, {})

        def _send(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *parts: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_it_logs_in_once():
    answers = {"/api/v2/dags/~/dagRuns/list": {"dag_runs": [RUN]}}
    with airflow(answers, ["good"]) as (url, asked), AirflowClient(url, "admin", "x") as client:
        (run,) = client.runs()
        client.runs()
    assert (run.dag_id, run.state, run.ended, run.seconds) == ("ingest__a", "success", True, 1.5)
    assert asked.count("POST /auth/token") == 1


def test_it_logs_in_again_when_its_token_has_expired():
    answers = {"/api/v2/dags/~/dagRuns/list": {"dag_runs": []}}
    with airflow(answers, ["stale", "good"]) as (url, _), AirflowClient(url, "a", "x") as client:
        assert client.runs() == []


def test_a_refusal_is_an_error_that_says_what_was_asked():
    with (
        airflow({}, ["good"]) as (url, _),
        AirflowClient(url, "a", "x") as client,
        pytest.raises(AirflowFailed, match=r"POST /dags/ingest__a/dagRuns: 404"),
    ):
        client.trigger("ingest__a", {"batch": "20260630"})


def test_events_of_a_dag_without_any_are_forgotten_quietly():
    with airflow({}, ["good"]) as (url, _), AirflowClient(url, "a", "x") as client:
        client.forget_events("ingest__a")


def test_a_sign_of_life_from_before_the_start_is_none():
    answers = {"/api/v2/monitor/health": HEALTH}
    with airflow(answers, []) as (url, _), AirflowClient(url, "a", "x") as client:
        assert client.healthy(EPOCH) == {"metadatabase", "scheduler"}
        assert client.healthy(datetime(2026, 6, 30, 3, tzinfo=UTC)) == {"metadatabase"}


def test_nothing_is_well_where_nothing_answers():
    with AirflowClient("http://127.0.0.1:1", "a", "x") as client:
        assert client.healthy(EPOCH) == set()
        with pytest.raises(AirflowFailed, match="no answer"):
            client.runs()
