"""The application behind the pages: its guard, its templates, its two languages, its assets.

Page modules register on ``app``. Everything is behind Airflow's login, the description of the
interface too. Links are relative, so that a path prefix of the site changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine

from pipelines.batch import CHINA
from pipelines.contracts import usable_sources
from pipelines.errors import BaselibError, DatabaseUnavailable, UnknownLibrary, UnknownSource
from pipelines.identity.review.errors import UnknownSubject
from pipelines.libraries import load_libraries
from pipelines.report.steward.rule_words import rule_words
from pipelines.runtime.faults import explain_error
from pipelines.settings import load_settings
from pipelines.standards.rules import Language
from pipelines.standards.tenths import tenths
from pipelines.warehouse import connect

HERE = Path(__file__).parent
LANGUAGES: tuple[Language, ...] = ("zh", "en")
_COOKIE = "baselib_language"
_ASSETS = {"style.css": "text/css", "pages.js": "text/javascript"}
# Nothing of another site is loaded, and no other site puts these pages into a frame.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' "
    "'unsafe-inline'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MISSING = (UnknownSource, UnknownLibrary, UnknownSubject)

# For those who may see what the cluster does, as on Airflow's own page of that kind. FastAPI's own
# documentation would answer anybody; the description of the interface is a route like the others.
app = FastAPI(
    title="baselib",
    dependencies=[Depends(requires_access_view(AccessView.CLUSTER_ACTIVITY))],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


def local(moment: datetime | None) -> str:
    """A moment as a reader's clock in China has it."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}" if moment else ""


def number(value: float | None) -> str:
    """A count with separators; a dash where there is none."""
    return "—" if value is None else f"{value:,}"


_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"local": local, "number": number, "tenths": tenths}
_WORDS: dict[str, dict[str, str]] = yaml.safe_load((HERE / "words.yml").read_text("utf-8"))


def language_of(request: Request) -> Language:
    """The reader's choice, else his browser's first language that there is."""
    chosen = request.query_params.get("lang") or request.cookies.get(_COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    wanted = request.headers.get("accept-language", "")
    return "en" if wanted.lower().startswith("en") else "zh"


def words_of(language: str) -> dict[str, str]:
    """Word to its text in a language."""
    return {name: texts[language] for name, texts in _WORDS.items()}


def root_of(request: Request) -> str:
    """The relative way from a page to the folder of all pages."""
    route = request.scope.get("route")
    path = route.path if route else "/"
    return "../" * (path.count("/") - 1) or "./"


def page(request: Request, template: str, status: int = 200, **content: Any) -> HTMLResponse:
    """A page in the reader's language."""
    from plugins.pages.access import token_of

    language, root = language_of(request), root_of(request)
    titles = _source_titles()
    html = _templates.get_template(template).render(
        w=words_of(language),
        source_title=lambda name: titles.get(name, name),
        library_title=lambda name: _libraries().get(name, name),
        table_title=_table_title,
        rule_said=lambda code, of: rule_words(code, of) if language == "zh" else code,
        lang=language,
        root=root,
        airflow=f"{root}../",
        csrf=token_of(request),
        done=request.query_params.get("done", ""),
        **content,
    )
    answer = HTMLResponse(html, status, headers=_HEADERS)
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(_COOKIE, language, samesite="strict", httponly=True)
    return answer


def _source_titles() -> dict[str, str]:
    """Source to its title; a page names it where it has none (a digest, a source of the past)."""
    return {name: source.title for name, source in usable_sources(load_settings()).items()}


def _libraries() -> dict[str, str]:
    return {name: library.title for name, library in load_libraries().items()}


def _table_title(table: str, words: dict[str, str]) -> str:
    """What a published table holds: ``person``, ``person_source``, ``person_redirect``."""
    kinds = {"_source": "table_records", "_redirect": "table_redirects", "_value": "table_values"}
    for library in load_libraries().values():
        if table == library.entity:
            return library.entity_title
        kind = table.removeprefix(library.entity)
        if table.startswith(library.entity) and kind in kinds:
            return words[kinds[kind]]
    return table


def safe_html(html: str) -> HTMLResponse:
    """A page that was rendered elsewhere, with the headers of all pages."""
    return HTMLResponse(html, headers=_HEADERS)


def back_to(request: Request, path: str, done: str) -> RedirectResponse:
    """After a change, the page again: to load it anew repeats nothing.

    Args:
        request: That changed something.
        path: From the folder of all pages.
        done: Name of the word that says what was done.
    """
    return RedirectResponse(f"{root_of(request)}{path}?done={done}", status_code=303)


@contextmanager
def warehouse() -> Iterator[Engine]:
    """The warehouse, for one request."""
    engine = connect(load_settings())
    try:
        yield engine
    finally:
        engine.dispose()


@app.exception_handler(Exception)
def explained(request: Request, error: Exception) -> Response:
    """A failure in a sentence: to a script as JSON, to a person as a page."""
    told = explain_error(error, f"page {request.method}", load_settings().home)
    status = 404 if isinstance(told, _MISSING) else 409
    if isinstance(told, DatabaseUnavailable):
        status = 503
    return problem(request, status, str(told))


@app.exception_handler(BaselibError)
def refused(request: Request, error: BaselibError) -> Response:
    """As above; FastAPI looks for a handler of the error's own class first."""
    return explained(request, error)


def problem(request: Request, status: int, told: str) -> Response:
    """What could not be done, and what to do about it."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"problem": told}, status, headers=_HEADERS)
    return page(request, "problem.html", status, told=told)


@app.get("/", include_in_schema=False)
def home() -> RedirectResponse:
    """The first page."""
    return RedirectResponse("./city")


@app.get("/openapi.json", include_in_schema=False)
def description() -> JSONResponse:
    """What the interface consists of."""
    return JSONResponse(app.openapi())


@app.get("/docs", include_in_schema=False)
def documentation() -> RedirectResponse:
    """The same: a viewer of it would be loaded from elsewhere."""
    return RedirectResponse("./openapi.json")


@app.get("/assets/{name}", include_in_schema=False)
def asset(name: str) -> Response:
    """The style sheet and the script of the pages."""
    if name not in _ASSETS:
        return Response(status_code=404)
    return FileResponse(HERE / "assets" / name, media_type=_ASSETS[name])
