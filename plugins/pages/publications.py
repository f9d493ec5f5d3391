"""What is published of a library, what each run changed, and the approval of one that waits."""

from typing import Annotated

from airflow.api.common.trigger_dag import trigger_dag
from airflow.utils.types import DagRunTriggeredByType
from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pipelines.flows.desk.publication import look_at_publications
from pipelines.flows.library.consequences.approval import approve_shown
from pipelines.flows.library.roll_back import roll_back
from pipelines.libraries import load_library
from pipelines.settings import load_settings
from plugins.pages.access import User, Writer, may_decide, may_run, note, require
from plugins.pages.approvals import answer_waiting, waiting_run
from plugins.pages.site import app, back_to, page


@app.get("/publications/{library}", response_class=HTMLResponse)
def publications(request: Request, user: User, library: str) -> HTMLResponse:
    """The publications of a library, newest first."""
    it = look_at_publications(load_settings(), library)
    dag_id = f"library__{library}"
    return page(
        request,
        "publications.html",
        it=it,
        may_approve=may_decide(user, dag_id),
        waits=it.waiting and it.comparison and waiting_run(dag_id, it.comparison.run),
        may_run=may_run(user, dag_id),
    )


@app.post("/publications/{library}/approve")
def approve(
    request: Request,
    user: Writer,
    library: str,
    run: Annotated[str, Form()],
    candidate: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Let the run that was shown pass; not another one that has taken its place since."""
    dag_id = f"library__{load_library(library).name}"
    require(may_decide(user, dag_id))
    if not reason.strip():
        raise HTTPException(422, "Say why the ids may change: it is kept for ever.")
    by = user.get_name()
    approve_shown(load_settings(), library, run, candidate, by=by, reason=reason.strip())
    goes_on = answer_waiting(dag_id, run, user, candidate, reason.strip())
    note(user, "approve", dag_id, run=run)
    return back_to(
        request, f"publications/{library}", "approved_goes_on" if goes_on else "approved"
    )


@app.post("/publications/{library}/reject")
def reject(
    request: Request,
    user: Writer,
    library: str,
    run: Annotated[str, Form()],
    candidate: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """End the run that waits in Airflow; what was published before stays."""
    dag_id = f"library__{load_library(library).name}"
    require(may_decide(user, dag_id))
    if not reason.strip():
        raise HTTPException(422, "Say why it must not be published.")
    if not answer_waiting(dag_id, run, user, candidate, reason.strip(), approved=False):
        raise HTTPException(409, "The run does not wait any more. Look at the page again.")
    note(user, "reject", dag_id, run=run)
    return back_to(request, f"publications/{library}", "rejected")


@app.post("/publications/{library}/rollback")
def rollback(
    request: Request,
    user: Writer,
    library: str,
    to: Annotated[str, Form()],
    shown: Annotated[int, Form()],
    reason: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Publish again what an earlier run published, unless something came after what was shown."""
    dag_id = f"library__{load_library(library).name}"
    require(may_decide(user, dag_id))
    if not reason.strip():
        raise HTTPException(422, "Say why: it is kept for ever.")
    published = look_at_publications(load_settings(), library).publications
    if not published or published[0].id != shown:
        raise HTTPException(409, "Something was published since. Look at the page again.")
    done = roll_back(load_settings(), library, to, by=user.get_name(), reason=reason.strip())
    note(user, "rollback", dag_id, to=to, run=done.run)
    return back_to(request, f"publications/{library}", "rolled_back")


@app.post("/publications/{library}/build")
def build(request: Request, user: Writer, library: str) -> RedirectResponse:
    """Build the library again, from what its sources have now."""
    dag_id = f"library__{load_library(library).name}"
    require(may_run(user, dag_id))
    run = trigger_dag(
        dag_id=dag_id,
        triggered_by=DagRunTriggeredByType.UI,
        triggering_user_name=user.get_name(),
        conf={},
    )
    note(user, "trigger", dag_id, run=run.run_id if run else None)
    return back_to(request, f"publications/{library}", "triggered")
