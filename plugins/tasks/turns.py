"""A task of an ingest waits until it is its run's turn, without holding a slot."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowRescheduleException
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import GetDagRun

from pipelines.batch import batch_of
from pipelines.orchestrate.turns import (
    BatchRun,
    has_begun,
    has_ended,
    pause_behind,
    runs_ahead,
)

log = logging.getLogger("baselib")
_ACTIVE = ["queued", "running"]


def await_turn() -> None:
    """Return when it is the turn of the run whose task calls this.

    Raises:
        AirflowRescheduleException: it is not; the scheduler starts the task again later.
    """
    context: Any = get_current_context()
    task = context["ti"]
    if task.get_dr_count(task.dag_id, states=_ACTIVE) < 2:
        return  # nobody else is there, as nearly always
    mine = _described(context["dag_run"], begun=bool(context["task"].upstream_task_ids))
    ahead = runs_ahead(mine, _others(context))
    if ahead:
        other = ahead[0]
        log.info("%s waits for batch %s (run %s)", mine.batch, other.batch, other.run_id)
        raise AirflowRescheduleException(datetime.now(UTC) + pause_behind(ahead))


def batch_of_run(run: Any) -> str:
    """The batch that a run is of: what it was asked for, else the day that it is due."""
    asked = (run.conf or {}).get("batch")
    return str(asked or batch_of(run.data_interval_start or run.run_after))


def _others(context: Any) -> Iterator[BatchRun]:
    """The other runs of the DAG that have not ended."""
    dag, mine = context["dag"], context["dag_run"].run_id
    first, last = [one.task_id for one in dag.roots], [one.task_id for one in dag.leaves]
    found = context["ti"].get_task_states(dag.dag_id, task_ids=[*first, *last])
    for run_id, states in found.items():
        if run_id == mine or has_ended(states.get(one) for one in last):
            continue
        run = task_runner.SUPERVISOR_COMMS.send(GetDagRun(dag_id=dag.dag_id, run_id=run_id))
        yield _described(run, begun=any(has_begun(states.get(one)) for one in first))


def _described(run: Any, *, begun: bool) -> BatchRun:
    """A run that is only queued holds others up if it is sure to start: a back-fill's."""
    active = run.state == "running" or (run.state == "queued" and run.run_type == "backfill")
    return BatchRun(run.run_id, batch_of_run(run), run.run_after, active=active, begun=begun)
