"""Run in a process of its own: one run of each DAG asked for, and print what became of them.

Argument: a list of ``{"dag": id, "conf": {…}, "logical_date": …, "failing": verb}`` as JSON, with
``"error"``, the name of an error of baselib, if it fails with that; ``"unchanged"``, a verb that
has found nothing new, and ``"goes_on"``, the verbs that are due all the same; ``"answer"``, what a
person says who is asked. The verbs are replaced by ones that take note of their arguments, unless
``"real"`` is set.
"""

import importlib
import json
import os
import sys
import threading
import time
import types
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, event

import pipelines.errors
from pipelines.flows.shared import errors as flow_errors

VERBS = (
    *("land", "stage", "check", "score", "track", "report_stopped"),
    *(
        "resolve",
        "resolve_if_changed",
        "merge",
        "check_library",
        "publish",
        "compare",
        "score_library",
    ),
    "report_library",
)
MAIL_VERBS = ("digest", "remind", "remind_duties", "deliver", "check_mail", "tidy", "expire")


@dataclass(frozen=True)
class Result:
    subject: str
    rows: int


@dataclass(frozen=True)
class Unchanged(Result):
    goes_on: list[str]
    unchanged: bool = True


def replaced_verbs(scenario, error, calls, secrets):
    """A ``pipelines.flows`` whose verbs note what they were called with; one may fail."""

    def replacement(verb):
        def call(settings, *subjects):
            names = [getattr(subject, "name", subject) for subject in subjects]
            calls.append([verb, *names])
            with suppress(KeyError):
                secrets[verb] = os.environ["BASELIB_SECRET_DEMO_API"]
            if verb == "deliver":
                names = [settings.smtp_url.get_secret_value()]
                calls[-1] += names
            if verb == scenario.get("failing"):
                raise error
            if verb == scenario.get("unchanged"):
                return Unchanged("something", 3, scenario.get("goes_on", []))
            return Result("something", 3)

        return call

    flows = types.ModuleType("pipelines.flows")
    flows.__path__ = [str(Path(pipelines.__file__).parent / "flows")]  # what is in it is as it is
    for verb in (*VERBS, *MAIL_VERBS):
        setattr(flows, verb, replacement(verb))
    return flows


def asked(calls):
    """What asks people and keeps their answers, replaced as the verbs are."""
    approval = types.ModuleType("pipelines.flows.library.consequences.approval")
    names = ("library", "run", "candidate", "title", "text")

    def open_question(settings, library, run):
        facts = (library, run, "0123456789abcdef", f"Run {run}", "| a | b |")
        return types.SimpleNamespace(**dict(zip(names, facts, strict=True)))

    def approve_shown(settings, *shown, **by):
        calls.append(["approve", *shown, *by.values()])

    approval.open_question, approval.approve_shown = open_question, approve_shown
    return approval


def answer(dag_id, said):
    """Answer as the page does, as soon as a task waits for a person; or let his time pass."""
    from plugins.pages.approvals import answer_waiting

    while True:
        time.sleep(0.2)
        with create_session() as session:
            waits = select(TaskInstance).where(TaskInstance.state == "awaiting_input")
            task = session.scalar(waits)
            if task is None:
                continue
            if said == "silence":  # what the scheduler does when the time has passed
                passed = TriggerEvent({"error": "", "error_type": "timeout"})
                handle_event_submit(passed, task_instance=task, session=session)
                return
            due = select(DagRun.run_after).where(DagRun.run_id == task.run_id)
            run = f"{session.scalar(due):%Y%m%dT%H%M%S}"
        user = SimpleAuthManagerUser(username="wang", role="admin")
        approved, reason, candidate = said
        answer_waiting(dag_id, run, user, candidate, reason, approved=approved)
        return


def run(dags, scenario):
    """Run one DAG once; what became of its tasks, and everything that they left in XComs."""
    calls, secrets = [], {}
    os.environ.pop("BASELIB_SECRET_DEMO_API", None)  # what the task of another scenario was given
    if scenario.get("real"):
        sys.modules.pop("pipelines.flows", None)
        pipelines.flows = importlib.import_module("pipelines.flows")
    else:
        named = scenario.get("error", "")
        kind = getattr(pipelines.errors, named, getattr(flow_errors, named, RuntimeError))
        if kind is not RuntimeError:
            kind.__str__ = lambda error: f"{type(error).__name__}, in words"  # it has no facts
        raised = kind.__new__(kind)
        raised.changed, raised.published = 7, 100
        pipelines.flows = replaced_verbs(scenario, raised, calls, secrets)
        sys.modules["pipelines.flows"] = pipelines.flows
        sys.modules["pipelines.flows.library.consequences.approval"] = asked(calls)
    if said := scenario.get("answer"):
        threading.Thread(target=answer, args=(scenario["dag"], said), daemon=True).start()
    date = scenario.get("logical_date")
    ended = dags[scenario["dag"]].test(
        run_conf=scenario.get("conf"), logical_date=date and datetime.fromisoformat(date)
    )
    with create_session() as session:
        left = session.query(XComModel).filter(XComModel.run_id == ended.run_id)
        xcoms = {xcom.task_id: XComModel.deserialize_value(xcom) for xcom in left}
        states = {task.task_id: task.state for task in ended.get_task_instances(session=session)}
        made = session.query(AssetEvent).filter(AssetEvent.source_run_id == ended.run_id)
        events = {event.asset.name: event.extra for event in made}
    return {
        "state": ended.state,
        "tasks": states,
        "calls": calls,
        "secrets": secrets,
        "xcoms": xcoms,
        "events": events,
    }


@event.listens_for(Engine, "connect")
def _without_waiting_for_the_disk(connection, _record):
    """A hundred commits of SQLite for each run; nobody needs them after a power failure."""
    connection.execute("PRAGMA synchronous = OFF")


from airflow.utils.db import initdb  # noqa: E402 - it connects when it is imported

initdb()

from airflow.api_fastapi.auth.managers.simple.user import (  # noqa: E402
    SimpleAuthManagerUser,
)
from airflow.dag_processing.dagbag import DagBag  # noqa: E402 - the tables must be there first
from airflow.models.asset import AssetEvent  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.models.trigger import handle_event_submit  # noqa: E402
from airflow.models.xcom import XComModel  # noqa: E402
from airflow.triggers.base import TriggerEvent  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from sqlalchemy import select  # noqa: E402

# Read again for each: a DAG keeps the parameters of its last run.
answers = [run(DagBag().dags, scenario) for scenario in json.loads(sys.argv[1])]
sys.stdout.write("\n" + json.dumps(answers, default=str) + "\n")
