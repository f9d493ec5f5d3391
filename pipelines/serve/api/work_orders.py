"""Work orders: what a department's own system has to answer, as CloudEvents, and its answers.

A grant with the operation ``work_orders`` is of one department: its name begins with the
department's short name. It sees what is open of that department's sources, and the disputes that it
answers for. No value of a record is told: an issue says batch, file and line, a dispute its entity.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import JSONResponse
from psycopg import Cursor

from pipelines.serve.api.caller import Asking, Caller
from pipelines.serve.api.problems import Problem

router = APIRouter(prefix="/v1")
_COLUMNS = (
    *("order_id", "kind", "state", "source", "column_name", "rule", "severity", "batch", "file"),
    *("line", "opened_at", "due_date", "entity_id", "reason"),
)
_LISTED = f"SELECT {', '.join(_COLUMNS)} FROM serve.work_orders(%s, %s, %s)"  # noqa: S608 - ours
_OWN = "SELECT 1 FROM serve.work_orders(%s, '', 2147483647) WHERE order_id = %s"
_KEPT = """
SELECT id, order_id, how FROM serve.work_order_answer WHERE grant_name = %s AND key = %s"""
_KEEP = """
INSERT INTO serve.work_order_answer (grant_name, key, order_id, how, note, answered_by)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"""


@router.get("/work-orders", tags=["work orders"])
def work_orders(
    who: Asking,
    after: Annotated[str, Query(max_length=120)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> dict[str, object]:
    """What is open now, as CloudEvents 1.0, in order of their numbers.

    Begin with ``after`` empty and go on with ``next`` until ``complete``. An ``id`` that was seen
    before says nothing new: it names the order and its state. What is not listed any more is done.
    """
    who.admit("work_orders")
    department = who.grant["name"].partition("__")[0]
    note = who.note("work_orders")

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(_LISTED, (department, after, limit + 1))
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
        complete, rows = len(rows) <= limit, rows[:limit]
        note.rows = len(rows)
        note.ids = [row["entity_id"] for row in rows if row["entity_id"]]
        last = rows[-1]["order_id"] if rows else after
        return {"events": [_event(row) for row in rows], "next": last, "complete": complete}

    answered: dict[str, object] = who.database.ask(note, question)
    return answered


def _event(row: dict[str, Any]) -> dict[str, object]:
    data = {name: row[name] for name in _COLUMNS[2:] if row[name] is not None}
    if "due_date" in data:
        data["due_date"] = data["due_date"].isoformat()
    data["opened_at"] = row["opened_at"].isoformat()
    return {
        "specversion": "1.0",
        "id": f"{row['order_id']}:{row['state']}",
        "source": "/v1/work-orders",
        "type": f"baselib.{row['kind']}.open.v1",
        "subject": row["order_id"],
        "time": row["opened_at"].isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


@router.post("/work-orders/{order_id}/answers", status_code=202, tags=["work orders"])
def answer(
    order_id: Annotated[str, Path(pattern=r"^(issue|dispute)-[0-9A-Za-z_-]{1,100}$")],
    how: Annotated[Literal["corrected", "confirmed", "explained"], Body()],
    note: Annotated[str, Body(min_length=1, max_length=2_000)],
    who: Asking,
    idempotency_key: Annotated[str, Header(min_length=8, max_length=100)],
) -> JSONResponse:
    """Answer a work order: corrected at the source, confirmed as right, or explained.

    A value that is corrected comes with the next delivery; the order is listed no more.
    The same ``Idempotency-Key`` gets the same answer, and nothing is done twice.
    """
    who.admit("work_orders")
    if not note.strip():
        raise Problem(422, "request-invalid", "Say in note what was found out.")
    event = who.note("work_order_answer")

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        cursor.execute("SET LOCAL ROLE NONE")
        number = _kept(cursor, who, idempotency_key, order_id, how)
        if number is None:
            number = _keep(cursor, who, idempotency_key, order_id, how, note)
        return {"answer": number, "work_order": order_id, "state": "handed_in"}

    return JSONResponse(who.database.ask(event, question), 202)


def _kept(cursor: Cursor[Any], who: Caller, key: str, order_id: str, how: str) -> int | None:
    cursor.execute(_KEPT, (who.name, key))
    row = cursor.fetchone()
    if row is None:
        return None
    if row[1:] != (order_id, how):
        raise Problem(422, "idempotency-key-reused", "That key was used for another request.")
    return int(row[0])


def _keep(cursor: Cursor[Any], who: Caller, key: str, order_id: str, how: str, note: str) -> int:
    cursor.execute(_OWN, (who.grant["name"].partition("__")[0], order_id))
    if cursor.fetchone() is None:
        detail = "No such work order is open here. Ask for /v1/work-orders again."
        raise Problem(404, "unknown-work-order", detail)
    by = f"{who.grant['consumer']} {who.actor}"
    cursor.execute(_KEEP, (who.name, key, order_id, how, note, by))
    return int((cursor.fetchone() or (0,))[0])
