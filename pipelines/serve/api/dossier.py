"""一人一档, 一企一档, 人企关联: an entity with all that is linked with it, as JSON or a page."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response
from psycopg import Cursor

from pipelines.serve.api.caller import Asking
from pipelines.serve.api.lookups import (
    AsOf,
    EntityId,
    Library,
    about,
    call,
    columns_of,
    refuse_unknown_publication,
)
from pipelines.serve.api.pages import dossier_page
from pipelines.serve.api.problems import Problem

router = APIRouter(prefix="/v1")


@router.get("/{library}/{entity_id}/dossier", tags=["look up"])
def dossier(
    library: Library,
    entity_id: EntityId,
    who: Asking,
    as_of: AsOf = None,
    accept: Annotated[str, Header()] = "application/json",
) -> Response:
    """An entity with its licences, firms and persons, as of one publication.

    With ``Accept: text/html`` as a page that prints.
    """
    who.admit("dossier", library)
    note = who.note("dossier", ids=[entity_id], columns=columns_of(who))

    def question(cursor: Cursor[Any]) -> dict[str, Any]:
        facts = about(cursor, who)
        refuse_unknown_publication(as_of, facts)
        (found,) = call(cursor, who, "dossier", entity_id, as_of)
        parts = found["linked"].values() if found else ()
        linked = [one["entity_id"] for part in parts for one in part]
        note.ids = [entity_id, *linked]
        note.rows, note.outcome = (1 + len(linked), "ok") if found else (0, "none")
        return {**(found or {}), **facts, "publication": as_of or facts["publication"]}

    answered = who.database.ask(note, question)
    who.spend(note.rows)
    if "entity" not in answered:
        raise Problem(404, "unknown-entity", "No such entity; ask /resolve what became of it.")
    if "text/html" in accept:
        return dossier_page(who, answered)
    return JSONResponse(answered, headers={"Cache-Control": "private, no-store"})
