"""Run every ingest for one batch through Airflow, wait for what follows, say how it went."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.contracts import usable_sources
from pipelines.errors import AirflowFailed
from pipelines.libraries import load_libraries
from pipelines.orchestrate.client import AirflowClient, DagRun, TaskRun
from pipelines.orchestrate.environment import log_folder
from pipelines.orchestrate.plan import (
    REPORTS,
    Plan,
    is_done,
    libraries_to_push,
    make_plan,
    of_plan,
    reports_due,
    stopped_for_people,
    tasks_of,
)
from pipelines.orchestrate.progress import Display
from pipelines.orchestrate.service.stack import AirflowStack
from pipelines.settings import Settings

_POLL = 2.0  # seconds; each look costs the API server about 50 ms of the cores that the tasks need
_PARSING = 120  # seconds for the first reading of the DAG files


@dataclass(frozen=True)
class FailedTask:
    """A task that failed for good, and where to read why."""

    dag_id: str
    task_id: str
    log: Path

    @property
    def reason(self) -> str:
        """The error that ended it, in one line, as far as the log tells."""
        try:
            lines = self.log.read_text(encoding="utf-8").splitlines()
            last = next(line for line in reversed(lines) if '"error_detail"' in line)
            error = json.loads(last)["error_detail"][0]
            return f"{error['exc_type']}: {error['exc_value'].strip().splitlines()[0]}"
        except (OSError, StopIteration, LookupError, json.JSONDecodeError):
            return "the log does not say why"


@dataclass(frozen=True)
class RunOutcome:
    """What became of every DAG that took part."""

    states: dict[str, str]
    failures: Sequence[FailedTask]

    @property
    def succeeded(self) -> bool:
        """Whether every DAG did."""
        return not self.failures and all(state == "success" for state in self.states.values())


def plan_of(settings: Settings) -> Plan:
    """What a run of everything consists of, from the declarations."""
    return make_plan(usable_sources(settings).values(), load_libraries().values())


def run_all(settings: Settings, stack: AirflowStack, batch: str, shown: Display) -> RunOutcome:
    """Ingest ``batch`` of every source, and wait for libraries and reports. The stack must run.

    Raises:
        AirflowFailed: a component of Airflow ended, or a DAG file could not be read.
    """
    plan = plan_of(settings)
    with stack.client() as client:
        await_dags(client, plan, stack.since)
        started = datetime.now(UTC)
        for dag_id in sorted(plan.dag_ids):
            client.forget_events(dag_id)  # of a run that was broken off
        for dag_id in plan.ingests:
            client.trigger(dag_id, {"batch": batch})
        runs, tasks = _watch(client, stack, plan, started, shown)
    return _outcome(settings, plan, runs, tasks)


def end_leftovers(client: AirflowClient, started: datetime) -> None:
    """Give up the runs of an Airflow that was killed. Their batches are repeated, which is safe.

    Those that the Airflow of now, started at that moment, has begun itself go on.
    """
    for run in client.runs(states=("queued", "running")):
        if run.queued_at is None or run.queued_at < started:
            client.end_run(run)


def await_dags(client: AirflowClient, plan: Plan, since: datetime) -> None:
    """Wait until every DAG of the plan has been read, after ``since``, and switch them on.

    Raises:
        AirflowFailed: a DAG file cannot be read, or it takes too long.
    """
    deadline = time.monotonic() + _PARSING
    while missing := plan.dag_ids - client.dag_ids(since):
        errors = client.import_errors()
        if errors:
            file, trace = next(iter(errors.items()))
            raise AirflowFailed(f"read {file}", trace.strip().splitlines()[-1])
        if time.monotonic() > deadline:
            raise AirflowFailed("read the DAG files", f"no sign of {', '.join(sorted(missing))}")
        time.sleep(0.5)
    client.unpause_all()


def _watch(
    client: AirflowClient, stack: AirflowStack, plan: Plan, started: datetime, shown: Display
) -> tuple[list[DagRun], list[TaskRun]]:
    while True:
        runs = of_plan(plan, client.runs(since=started))
        tasks = tasks_of(runs, client.tasks(started))
        runs = stopped_for_people(runs, tasks)
        shown.show(runs, tasks)
        if is_done(plan, runs, tasks):
            return runs, tasks
        for library in libraries_to_push(plan, runs, datetime.now(UTC)):
            client.forget_events(library)
            client.trigger(library, {})
        if ended := stack.ended_components():
            raise AirflowFailed("run", f"{', '.join(ended)} ended; see {stack.log_of(ended[0])}")
        time.sleep(_POLL)


def _outcome(
    settings: Settings, plan: Plan, runs: Iterable[DagRun], tasks: Sequence[TaskRun]
) -> RunOutcome:
    states = dict.fromkeys([*plan.ingests, *plan.libraries], "not run")
    if reports_due(tasks) is not None:
        states[REPORTS] = "not run"
    states |= {run.dag_id: run.state for run in sorted(runs, key=lambda run: run.run_after)}
    failures = [
        FailedTask(task.dag_id, task.task_id, _log_of(settings, task))
        for task in tasks
        if task.state == "failed"
    ]
    return RunOutcome(states, failures)


def _log_of(settings: Settings, task: TaskRun) -> Path:
    """Where Airflow's own default template puts it."""
    folder = log_folder(settings) / "tasks" / f"dag_id={task.dag_id}" / f"run_id={task.run_id}"
    return folder / f"task_id={task.task_id}" / f"attempt={task.try_number}.log"
