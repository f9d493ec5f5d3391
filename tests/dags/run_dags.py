"""Run in a process of its own: one run of each DAG asked for, and print what became of them.

Argument: a list of ``{"dag": id, "conf": {…}, "logical_date": …, "failing": verb}`` as JSON. The
verbs are replaced by ones that take note of their arguments, unless ``"real"`` is set.
"""

import importlib
import json
import subprocess
import sys
import types
from dataclasses import dataclass
from datetime import datetime

VERBS = (
    *("land", "stage", "check", "score", "track", "report"),
    *("resolve", "merge", "check_library", "publish", "compare", "score_library"),
)
MAIL_VERBS = ("digest", "deliver", "check_mail", "tidy")


@dataclass(frozen=True)
class Result:
    subject: str
    rows: int


def replaced_verbs(failing, calls):
    """A ``pipelines.flows`` whose verbs note what they were called with; one may fail."""

    def replacement(verb):
        def call(settings, *subjects):
            names = [getattr(subject, "name", subject) for subject in subjects]
            calls.append([verb, *names])
            if verb == "deliver":
                names = [settings.smtp_url.get_secret_value()]
                calls[-1] += names
            if verb == failing:
                raise RuntimeError(verb)
            return Result("something", 3)

        return call

    flows = types.ModuleType("pipelines.flows")
    for verb in (*VERBS, *MAIL_VERBS):
        setattr(flows, verb, replacement(verb))
    return flows


def run(dags, scenario):
    """Run one DAG once; what became of its tasks, and everything that they left in XComs."""
    calls = []
    import pipelines

    if scenario.get("real"):
        sys.modules.pop("pipelines.flows", None)
        pipelines.flows = importlib.import_module("pipelines.flows")
    else:
        pipelines.flows = replaced_verbs(scenario.get("failing"), calls)
        sys.modules["pipelines.flows"] = pipelines.flows
    date = scenario.get("logical_date")
    ended = dags[scenario["dag"]].test(
        run_conf=scenario.get("conf"), logical_date=date and datetime.fromisoformat(date)
    )
    with create_session() as session:
        left = session.query(XComModel).filter(XComModel.run_id == ended.run_id)
        xcoms = {xcom.task_id: XComModel.deserialize_value(xcom) for xcom in left}
        states = {task.task_id: task.state for task in ended.get_task_instances(session=session)}
    return {"state": ended.state, "tasks": states, "calls": calls, "xcoms": xcoms}


subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)

from airflow.dag_processing.dagbag import DagBag  # noqa: E402 - the tables must be there first
from airflow.models.xcom import XComModel  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402

answers = [run(DagBag().dags, scenario) for scenario in json.loads(sys.argv[1])]
sys.stdout.write("\n" + json.dumps(answers, default=str) + "\n")
