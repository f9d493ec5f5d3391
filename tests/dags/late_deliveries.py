"""Run in a process of its own: what a landing that finds no delivery comes to, by kind of run."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from airflow.sdk.exceptions import AirflowRescheduleException

import plugins.tasks.steps as steps
from pipelines.errors import DeliveryMissing

SOURCE = SimpleNamespace(name="a", frequency=timedelta(days=1))


@dataclass(frozen=True)
class Landed:
    source: str
    rows: int


def landing(run_type, hours_late, *, comes):
    events = {}
    context = {
        "dag_run": SimpleNamespace(
            run_type=run_type, run_after=datetime.now(UTC) - timedelta(hours=hours_late)
        ),
        "task": SimpleNamespace(outlets=["staged/a"]),
        "outlet_events": {"staged/a": SimpleNamespace(extra=events)},
    }
    steps.get_current_context = lambda: context

    def verb():
        if comes:
            return Landed("a", 3)
        raise DeliveryMissing.__new__(DeliveryMissing)

    try:
        steps._step("land a", lambda: steps._waiting(SOURCE, verb))
    except AirflowRescheduleException:
        return "waits"
    except DeliveryMissing:
        return "fails"
    return events


DeliveryMissing.__str__ = lambda self: "missing."
answers = {
    "late": landing("scheduled", 3, comes=False),
    "too late": landing("scheduled", 24, comes=False),
    "by hand": landing("manual", 0, comes=False),
    "back-fill": landing("backfill", 0, comes=False),
    "here": landing("scheduled", 3, comes=True),
}
sys.stdout.write("\n" + json.dumps(answers) + "\n")
