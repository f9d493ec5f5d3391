"""The city, and one source of it: what came, what is late, and starting what shall come now."""

from datetime import date, datetime, time
from typing import Annotated

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.backfill import ReprocessBehavior, _create_backfill
from airflow.utils.types import DagRunTriggeredByType
from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pipelines.batch import CHINA, batch_date
from pipelines.contracts import load_sources
from pipelines.errors import UnknownSource
from pipelines.flows.desk.city import look_at_city
from pipelines.flows.desk.source import look_at_source
from pipelines.settings import load_settings
from plugins.pages.access import User, Writer, may_run, note, require
from plugins.pages.site import app, back_to, language_of, page

MOST_DAYS = 400  # of one back-fill


@app.get("/city", response_class=HTMLResponse)
def city(request: Request) -> HTMLResponse:
    """Sources by day, libraries with what they were built from."""
    return page(request, "city.html", it=look_at_city(load_settings()))


@app.get("/dag/{dag_id}", response_class=HTMLResponse)
def of_dag(dag_id: str) -> RedirectResponse:
    """The page of what a DAG is about: Airflow's own pages link here."""
    kind, _, name = dag_id.partition("__")
    ways = {"ingest": f"../sources/{name}", "library": f"../publications/{name}"}
    mails = "../mails" if dag_id == "quality_reports" else "../city"
    return RedirectResponse(ways.get(kind, mails))


@app.get("/sources/{name}", response_class=HTMLResponse)
def source(request: Request, user: User, name: str) -> HTMLResponse:
    """One source, and the buttons that start runs of it."""
    it = look_at_source(load_settings(), name, language_of(request))
    return page(request, "source.html", it=it, may_run=may_run(user, f"ingest__{name}"))


@app.post("/sources/{name}/trigger")
def trigger(
    request: Request, user: Writer, name: str, batch: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Start one run, of a batch or of today's."""
    dag_id = _dag_of(name)
    require(may_run(user, dag_id))
    if batch:
        batch_date(batch)
    conf = {"batch": batch} if batch else {}
    run = trigger_dag(
        dag_id=dag_id,
        triggered_by=DagRunTriggeredByType.UI,
        triggering_user_name=user.get_name(),
        conf=conf,
    )
    note(user, "trigger", dag_id, batch=batch, run=run.run_id if run else None)
    return back_to(request, f"sources/{name}", "triggered")


@app.post("/sources/{name}/backfill")
def backfill(
    request: Request,
    user: Writer,
    name: str,
    since: Annotated[date, Form()],
    until: Annotated[date, Form()],
) -> RedirectResponse:
    """Start a run for each day of the timetable, oldest first, one at a time."""
    dag_id = _dag_of(name)
    require(may_run(user, dag_id))
    if not 0 <= (until - since).days < MOST_DAYS:
        raise HTTPException(422, f"From a day to a later one, at most {MOST_DAYS} days.")
    made = _create_backfill(
        dag_id=dag_id,
        from_date=datetime.combine(since, time.min, CHINA),
        to_date=datetime.combine(until, time.max, CHINA),
        max_active_runs=1,
        reverse=False,
        dag_run_conf=None,
        triggering_user_name=user.get_name(),
        reprocess_behavior=ReprocessBehavior.COMPLETED,
    )
    note(user, "backfill", dag_id, since=str(since), until=str(until), id=made.id)
    return back_to(request, f"sources/{name}", "backfilled")


def _dag_of(source_name: str) -> str:
    declared = load_sources(load_settings())
    if source_name not in declared:
        raise UnknownSource(source_name, sorted(declared))
    return f"ingest__{source_name}"
