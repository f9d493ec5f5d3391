"""What concerns people: who looked at my data, and: this value is wrong."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from psycopg import Cursor

from pipelines.serve.api.caller import Asking, Caller
from pipelines.serve.api.lookups import (
    EntityId,
    Library,
    LookUp,
    about,
    call,
    first,
    folded,
    looked_up,
)
from pipelines.serve.api.pages import usage_page
from pipelines.serve.api.problems import Problem

router = APIRouter(prefix="/v1")
_LATER = timedelta(days=90)  # "later": when an inquiry is no longer spoilt by being known
_MOST = 1_000


@router.post("/usage", tags=["people"])
def usage(
    given: LookUp, who: Asking, accept: Annotated[str, Header()] = "application/json"
) -> Response:
    """Who looked at somebody's data, newest first: for the person's own portal.

    With ``Accept: text/html`` as a page that prints.

    The person proves who he is to the portal; the grant needs ``verify``. Readings of grants that
    are visible later are told after 90 days, those of others never.
    """
    who.admit("usage")
    values = folded(given)
    note = who.note("usage", values=looked_up(values))

    def question(cursor: Cursor[Any]) -> str | None:
        answer, subject, _ = first(cursor, who, "verify", json.dumps(values))
        note.ids, note.outcome = ([subject], "ok") if answer == "yes" else ([], "none")
        return subject if answer == "yes" else None

    subject = who.database.ask(note, question)
    readings = _readings(who, subject, note.values) if subject else []
    if "text/html" in accept:
        return usage_page(who, readings)
    told = {"readings": readings, "grant": who.name, "answer": "yes" if subject else "no"}
    return JSONResponse(jsonable_encoder(told), headers={"Cache-Control": "private, no-store"})


def _readings(who: Caller, subject: str, values: Any) -> list[dict[str, object]]:
    with who.database.service() as connection:
        # Each consumer's readings are noted under the id by which it knows the person.
        asked = (who.name.partition("__")[0], subject)
        row = connection.execute("SELECT serve.ids_of(%s, %s)", asked).fetchone()
        names = (*(row or ([],))[0], *values)
        digests = [digest for one in names for digest in who.database.digests(one)]
        rows = connection.execute(
            _READINGS, {"digests": digests, "later": datetime.now(UTC) - _LATER, "most": _MOST}
        ).fetchall()
    told = ("at", "consumer", "purpose", "legal_basis", "operation", "columns", "outcome")
    return [dict(zip(told, row, strict=True)) for row in rows]


_READINGS = """
SELECT event.at, by.consumer, by.declared->>'purpose', by.declared->>'legal_basis', event.operation,
    event.columns, split_part(event.outcome, ':', 1)
FROM audit.event AS event JOIN serve.grant AS by ON by.name = event.grant_name
WHERE event.subjects && %(digests)s AND event.operation <> 'usage'
    AND (by.visible_to_subject = 'at_once'
        OR by.visible_to_subject = 'later' AND event.at < %(later)s)
ORDER BY event.seq DESC LIMIT %(most)s"""


@router.post("/{library}/{entity_id}/disputes", status_code=202, tags=["people"])
def dispute(
    library: Library,
    entity_id: EntityId,
    column: Annotated[str, Body(max_length=63)],
    reason: Annotated[str, Body(min_length=1, max_length=2_000)],
    who: Asking,
    idempotency_key: Annotated[str, Header(min_length=8, max_length=100)],
) -> JSONResponse:
    """Say that a published value is doubtful (校核申请); its owner answers within ten working days.

    The same ``Idempotency-Key`` gets the same answer, and nothing is done twice.
    """
    who.admit("dispute", library)
    if who.grant["columns"].get(column, "absent") == "absent":
        raise Problem(422, "unknown-column", "The grant shows no such column.")
    request = sha256(json.dumps([library, entity_id, column, reason]).encode()).hexdigest()
    note = who.note("dispute", ids=[entity_id], columns=[column])

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        if "read" in who.grant["operations"] and not call(cursor, who, "read", [entity_id], None):
            raise Problem(404, "unknown-entity", "No such entity.")
        cursor.execute("SET LOCAL ROLE NONE")
        kept = _kept_answer(cursor, who, idempotency_key, request)
        return kept or _hand_in(cursor, who, entity_id, column, reason, idempotency_key, request)

    return JSONResponse(who.database.ask(note, question), 202)


def _kept_answer(
    cursor: Cursor[Any], who: Caller, key: str, request: str
) -> dict[str, object] | None:
    cursor.execute(
        "SELECT request, body FROM serve.answer WHERE grant_name = %s AND key = %s", (who.name, key)
    )
    row = cursor.fetchone()
    if row is None:
        return None
    if row[0] != request:
        raise Problem(422, "idempotency-key-reused", "That key was used for another request.")
    return dict(row[1])


def _hand_in(
    cursor: Cursor[Any],
    who: Caller,
    entity_id: str,
    column: str,
    reason: str,
    key: str,
    request: str,
) -> dict[str, object]:
    ids = [entity_id]
    if who.grant["ids"] == "own":
        cursor.execute("SELECT serve.real_ids(%s, %s)", (who.name.partition("__")[0], ids))
        ids = (cursor.fetchone() or ([],))[0]
    if not ids:
        raise Problem(404, "unknown-entity", "No such entity.")
    by = f"{who.grant['consumer']} {who.actor}"
    cursor.execute(
        "INSERT INTO serve.dispute_request (grant_name, entity_id, column_name, reason, raised_by)"
        " VALUES (%s, %s, %s, %s, %s) RETURNING id",
        (who.name, ids[0], column, reason, by),
    )
    number = (cursor.fetchone() or (0,))[0]
    body = {"dispute_request": number, "state": "handed_in", **about(cursor, who)}
    cursor.execute(
        "INSERT INTO serve.answer (grant_name, key, request, status, body)"
        " VALUES (%s, %s, %s, 202, %s)",
        (who.name, key, request, json.dumps(body)),
    )
    return body
