"""Catalogue, registers, evaluation, sharing: a page for each table, and the dashboard."""

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from pipelines.flows.desk.governance import GOVERNANCE_TABLES
from pipelines.flows.governance.dashboard import read_dashboard
from pipelines.governance.dashboard import dashboard_page
from pipelines.settings import load_settings
from plugins.pages.site import app, language_of, page, safe_html

NAMES = tuple(GOVERNANCE_TABLES)


@app.get("/governance", response_class=HTMLResponse)
def governance(request: Request) -> HTMLResponse:
    """What there is."""
    return page(request, "governance.html", names=NAMES, name="", it=None)


@app.get("/governance/dashboard", response_class=HTMLResponse)
def dashboard(request: Request) -> HTMLResponse:
    """The page for the hall, in the reader's language and without a menu."""
    board = read_dashboard(load_settings())
    return safe_html(dashboard_page(board, language_of(request)))


@app.get("/governance/{name}", response_class=HTMLResponse)
def table(request: Request, name: str) -> HTMLResponse:
    """One table, with the words of its standard."""
    if name not in GOVERNANCE_TABLES:
        raise HTTPException(404, "Unknown.")
    it = GOVERNANCE_TABLES[name](load_settings())
    return page(request, "governance.html", names=NAMES, name=name, it=it)
