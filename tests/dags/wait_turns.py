"""Run in a process of its own: what ``await_turn`` does, with runs as Airflow would describe them.

Argument: a list of cases as JSON: ``mine``, ``others`` (run id to batch, state and states of the
first and last task) and ``task``, the task that asks.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from airflow.sdk.exceptions import AirflowRescheduleException

import plugins.tasks.turns as turns

DUE = datetime(2026, 6, 30, 2, tzinfo=UTC)
UPSTREAM = {"land": set(), "stage": {"land"}}


def described(run_id, batch, state="running", minutes=0):
    conf = {"batch": batch} if run_id.startswith("manual") else None
    day = datetime.strptime(batch[:8], "%Y%m%d").replace(tzinfo=UTC)
    due = DUE + timedelta(minutes=minutes)
    return SimpleNamespace(
        run_id=run_id,
        run_type=run_id.split("__")[0],
        conf=conf,
        data_interval_start=day,
        run_after=due,
        state=state,
    )


def answer(case):
    others = case["others"]
    asked = []
    task = SimpleNamespace(
        dag_id="ingest__a",
        get_dr_count=lambda dag_id, states: 1 + len(others),
        get_task_states=lambda dag_id, task_ids: {
            "mine": {},
            **{name: {"land": one["first"], "report": one["last"]} for name, one in others.items()},
        },
    )
    dag = SimpleNamespace(
        dag_id="ingest__a",
        roots=[SimpleNamespace(task_id="land")],
        leaves=[SimpleNamespace(task_id="report")],
    )
    turns.get_current_context = lambda: {
        "ti": task,
        "dag": dag,
        "dag_run": described(*case["mine"]),
        "task": SimpleNamespace(upstream_task_ids=UPSTREAM[case["task"]]),
    }

    def send(message):
        asked.append(message.run_id)
        one = others[message.run_id]
        return described(message.run_id, one["batch"], one["state"])

    turns.task_runner.SUPERVISOR_COMMS = SimpleNamespace(send=send)
    began = datetime.now(UTC)
    try:
        turns.await_turn()
    except AirflowRescheduleException as later:
        return {"waits": round((later.reschedule_date - began).total_seconds()), "asked": asked}
    return {"waits": 0, "asked": asked}


sys.stdout.write("\n" + json.dumps([answer(one) for one in json.loads(sys.argv[1])]) + "\n")
