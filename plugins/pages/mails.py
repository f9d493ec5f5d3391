"""The mails and the repair loop, and what a person decides about a mail that did not arrive."""

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pipelines.flows.desk.mails import look_at_mails
from pipelines.settings import load_settings
from pipelines.warehouse import settle_mail
from plugins.pages.access import User, Writer, may_run, note, require
from plugins.pages.site import app, back_to, page, warehouse

_DAG = "quality_reports"
_STATES = {"retry": "pending", "close": "closed"}


@app.get("/mails", response_class=HTMLResponse)
def mails(request: Request, user: User) -> HTMLResponse:
    """What waits, what failed, who has answered, who is overdue."""
    it = look_at_mails(load_settings())
    return page(request, "mails.html", it=it, may_settle=may_run(user, _DAG))


@app.post("/mails/{number}/{action}")
def settle(request: Request, user: Writer, number: int, action: str) -> RedirectResponse:
    """Send a mail that did not arrive again, or leave it as it is."""
    require(may_run(user, _DAG))
    if action not in _STATES:
        raise HTTPException(404, "Unknown.")
    with warehouse() as engine:
        settled = settle_mail(engine, [number], _STATES[action])
    if not settled:
        raise HTTPException(409, "It is not failed or doubtful any more. Load the page again.")
    note(user, f"mail_{action}", _DAG, mail=number)
    return back_to(request, "mails", action)
