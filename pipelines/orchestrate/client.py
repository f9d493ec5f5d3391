"""The few calls of Airflow's REST API (v2) that are needed here, as functions with types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from pipelines.errors import AirflowFailed

AWAITS_PEOPLE = "awaiting_input"  # a task's state in Airflow, and of a run that stands still for it
ENDED = ("success", "failed", AWAITS_PEOPLE)


@dataclass(frozen=True)
class DagRun:
    """One run of one DAG, as far as it has come."""

    dag_id: str
    run_id: str
    state: str  # queued | running | success | failed, or AWAITS_PEOPLE
    kind: str  # manual | asset_triggered | scheduled | backfill
    run_after: datetime
    seconds: float | None
    ended_at: datetime | None
    queued_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen in it."""
        return self.state in ENDED


@dataclass(frozen=True)
class TaskRun:
    """One task of one run, at its latest try."""

    dag_id: str
    run_id: str
    task_id: str
    state: str | None
    try_number: int
    ended_at: datetime | None


class AirflowClient:
    """A session with one Airflow, logged in when first needed."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._login = {"username": user, "password": password}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def healthy(self, since: datetime) -> set[str]:
        """Components that are healthy and have said so after ``since``; empty without an answer.

        A sign of life of a scheduler that was killed half a minute ago still counts for Airflow.
        """
        try:
            answer = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return set()
        if answer.status_code != httpx.codes.OK:
            return set()
        return {name for name, part in answer.json().items() if part and _is_well(part, since)}

    def dag_ids(self, since: datetime) -> set[str]:
        """The DAGs that were read after ``since`` and can be triggered."""
        dags = self._call("GET", "/dags", limit=1000)["dags"]
        return {
            dag["dag_id"]
            for dag in dags
            if dag["last_parsed_time"] and datetime.fromisoformat(dag["last_parsed_time"]) >= since
        }

    def import_errors(self) -> Mapping[str, str]:
        """DAG file to the traceback that reading it ended with."""
        found = self._call("GET", "/importErrors", limit=100)["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in found}

    def unpause_all(self) -> None:
        """Switch every DAG on."""
        self._call("PATCH", "/dags", {"is_paused": False}, dag_id_pattern="~", limit=1000)

    def forget_events(self, dag_id: str) -> None:
        """Drop the asset events that a DAG has collected and not yet acted upon."""
        self._call("DELETE", f"/dags/{dag_id}/assets/queuedEvents", missing_is_fine=True)

    def trigger(self, dag_id: str, conf: Mapping[str, str]) -> str:
        """Start a run of ``dag_id``; answers its run id."""
        body = {"logical_date": None, "conf": dict(conf)}
        return str(self._call("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def end_run(self, run: DagRun) -> None:
        """Declare a run failed, so that nothing of it is started any more."""
        self._call("PATCH", f"/dags/{run.dag_id}/dagRuns/{run.run_id}", {"state": "failed"})

    def runs(self, since: datetime | None = None, states: Sequence[str] = ()) -> list[DagRun]:
        """Runs due at or after ``since`` in one of ``states``; all of them where not given."""
        body: dict[str, Any] = {"page_limit": 1000, "order_by": "run_after"}
        if since:
            body["run_after_gte"] = since.isoformat()
        if states:
            body["states"] = list(states)
        return [_run(run) for run in self._call("POST", "/dags/~/dagRuns/list", body)["dag_runs"]]

    def tasks(self, since: datetime) -> list[TaskRun]:
        """Tasks of the runs due at or after ``since``."""
        body = {"page_limit": 1000, "run_after_gte": since.isoformat()}
        found = self._call("POST", "/dags/~/dagRuns/~/taskInstances/list", body)
        return [_task(task) for task in found["task_instances"]]

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        missing_is_fine: bool = False,
        **query: str | int,
    ) -> Any:
        if "authorization" not in self._http.headers:
            self._log_in()
        answer = self._send(method, f"/api/v2{path}", json=body, params=query)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # a token lasts for a day
            self._log_in()
            answer = self._send(method, f"/api/v2{path}", json=body, params=query)
        if answer.status_code == httpx.codes.NOT_FOUND and missing_is_fine:
            return None
        if answer.is_error:
            raise AirflowFailed(f"{method} {path}", f"{answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    def _log_in(self) -> None:
        answer = self._send("POST", "/auth/token", json=self._login)
        if answer.is_error:
            raise AirflowFailed("log in", f"{answer.status_code} {answer.text[:300]}")
        self._http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **content)
        except httpx.TransportError as failed:
            raise AirflowFailed(
                f"{method} {path}", f"no answer ({type(failed).__name__})"
            ) from None


def _is_well(part: Mapping[str, str | None], since: datetime) -> bool:
    signs = [value for name, value in part.items() if name.startswith("latest_")]
    lately = all(sign and datetime.fromisoformat(sign) >= since for sign in signs)
    return part["status"] == "healthy" and lately


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _run(run: Mapping[str, Any]) -> DagRun:
    return DagRun(
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        state=run["state"],
        kind=run["run_type"],
        run_after=datetime.fromisoformat(run["run_after"]),
        seconds=run["duration"],
        ended_at=_moment(run["end_date"]),
        queued_at=_moment(run["queued_at"]),
    )


def _task(task: Mapping[str, Any]) -> TaskRun:
    return TaskRun(
        dag_id=task["dag_id"],
        run_id=task["dag_run_id"],
        task_id=task["task_id"],
        state=task["state"],
        try_number=task["try_number"],
        ended_at=_moment(task["end_date"]),
    )
