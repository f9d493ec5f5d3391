"""The steward's desk: a tray of questions to be answered by keyboard, and the page of an entity."""

from typing import Annotated, cast
from urllib.parse import quote

from fastapi import Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from pipelines.flows.desk.entity import library_of_entity, look_at_entity
from pipelines.flows.steward.decide import decide, revoke
from pipelines.flows.steward.explain import explain
from pipelines.flows.steward.queue import find_question
from pipelines.flows.steward.tray import take_tray
from pipelines.identity.review.decisions import Verdict
from pipelines.libraries import load_libraries, load_library
from pipelines.report.font import chinese_font
from pipelines.report.steward.explanation import render_explanation
from pipelines.settings import load_settings
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.quality.question_claims import release_question
from plugins.pages.access import User, Writer, may_decide, note, require
from plugins.pages.site import app, page, warehouse

VERDICTS = ("same", "different", "cannot_tell")
_NO_REASON = "判定依据：页面并列比对"  # the ledger wants one; what was seen is in the decision


@app.get("/steward", response_class=HTMLResponse)
def libraries(request: Request) -> HTMLResponse:
    """The libraries that ask people."""
    return page(request, "steward_home.html", libraries=list(load_libraries().values()))


@app.get("/steward/{library}", response_class=HTMLResponse)
def tray(request: Request, user: User, library: str) -> HTMLResponse:
    """The next questions of a library; they are this user's for half an hour."""
    require(may_decide(user, f"library__{load_library(library).name}"))
    it = take_tray(load_settings(), library, user.get_name())
    return page(request, "steward.html", it=it)


@app.post("/steward/{library}/decide")
def answer(
    user: Writer,
    library: str,
    question: Annotated[str, Form()],
    verdict: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
) -> JSONResponse:
    """Answer one question; the answer names the act, by which it is taken back."""
    dag_id = f"library__{load_library(library).name}"
    require(may_decide(user, dag_id))
    if verdict not in VERDICTS:
        raise HTTPException(422, f"One of {', '.join(VERDICTS)}.")
    settings, by = load_settings(), user.get_name()
    asked_by, _ = find_question(settings, question)
    if asked_by.name != library:
        raise HTTPException(422, "The question is another library's.")
    why = reason.strip() or _NO_REASON
    done = decide(settings, question, cast(Verdict, verdict), reason=why, by=by)
    with warehouse() as engine:
        release_question(engine, question)
    note(user, "decide", dag_id, question=question, verdict=verdict, act=done.act)
    return JSONResponse({"act": done.act, "question": question, "verdict": verdict})


@app.post("/steward/{library}/undo")
def undo(user: Writer, library: str, act: Annotated[str, Form()]) -> JSONResponse:
    """Take back one's own answer."""
    dag_id = f"library__{load_library(library).name}"
    require(may_decide(user, dag_id))
    with warehouse() as engine:
        mine = [one for one in read_decisions(engine, library) if one.act == act]
    if not mine or {one.by for one in mine} != {user.get_name()}:
        raise HTTPException(403, "Only your own answers can be taken back here.")
    done = revoke(load_settings(), act, reason="页面撤销", by=user.get_name())
    note(user, "undo", dag_id, act=act)
    return JSONResponse({"act": done.act})


@app.get("/entities/{entity_id}", response_class=HTMLResponse)
def entity(request: Request, user: User, entity_id: str) -> HTMLResponse:
    """One entity: golden record, provenance, history; masked."""
    require(may_decide(user, f"library__{library_of_entity(entity_id).name}"))
    it = look_at_entity(load_settings(), entity_id)
    return page(request, "entity.html", it=it)


@app.get("/entities/{subject}/explanation", response_class=HTMLResponse)
def explanation(user: User, subject: str) -> Response:
    """Records, waterfall, events and decisions, as the command line writes them."""
    settings = load_settings()
    explained = explain(settings, [subject])
    require(may_decide(user, f"library__{explained.library.name}"))
    return HTMLResponse(render_explanation(explained, chinese_font(settings.cache_dir)))


@app.get("/entity", response_class=HTMLResponse)
def find_entity(request: Request, wanted: Annotated[str, Query(alias="id")] = "") -> Response:
    """The form by which an entity is looked up."""
    if wanted.strip():
        return RedirectResponse(f"./entities/{quote(wanted.strip(), safe='')}", status_code=303)
    return page(request, "steward_home.html", libraries=list(load_libraries().values()))
