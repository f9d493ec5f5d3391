"""Verify, find, resolve, read: one entity, or the few that a look-up names.

Values that are looked up come in bodies, never in URLs, which end in logs.
"""

import json
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from psycopg import Cursor

from pipelines.serve.api.caller import Asking, Caller
from pipelines.serve.api.problems import Problem

router = APIRouter(prefix="/v1")
_MOST_IDS = 10_000
Library = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,23}$")]
EntityId = Annotated[str, Path(pattern="^[A-Z]{1,4}-[0-9A-Za-z_-]{1,64}$")]
Text = Annotated[str, Body(max_length=200)]
LookUp = Annotated[
    dict[Annotated[str, Body(max_length=63)], Text], Body(min_length=1, max_length=10)
]
AsOf = Annotated[int | None, Query(ge=1, lt=2**63, description="Number of a publication.")]


@router.post("/{library}/verify", tags=["look up"])
async def verify(library: Library, given: LookUp, who: Asking) -> JSONResponse:
    """Whether somebody with all of these values is known: yes, no, or cannot_tell.

    ``no`` stands for an unknown number and for a wrong name alike. ``cannot_tell``: the values are
    disputed, or belong to more than one.
    """
    if not who.may("verify", library):
        await run_in_threadpool(who.admit, "verify", library)  # refuses, which is noted
    values = folded(given)
    note = who.note("verify", columns=sorted(values), values=looked_up(values))
    found = await who.verifier.verify(note, values)
    return told({"answer": found.answer, "grant": who.name, "publication": found.publication})


@router.post("/{library}/find", tags=["look up"])
def find(library: Library, given: LookUp, who: Asking) -> JSONResponse:
    """The entities with all of these values; more than the grant's limit are refused, not cut."""
    who.admit("find", library)
    values = folded(given)
    note = who.note("find", values=looked_up(values), columns=columns_of(who))

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        rows = call(cursor, who, "find", json.dumps(values))
        note.ids, note.rows = [row["entity_id"] for row in rows], len(rows)
        note.outcome = "ok" if rows else "none"
        return {"entities": rows, **about(cursor, who)}

    answered = who.database.ask(note, question)
    who.spend(note.rows)
    return told(answered)


@router.post("/{library}/resolve", tags=["look up"])
def resolve(
    library: Library,
    ids: Annotated[list[Text], Body(embed=True, min_length=1, max_length=_MOST_IDS)],
    who: Asking,
) -> dict[str, object]:
    """What became of ids: current, replaced, retired or unknown; and what was split off."""
    who.admit("resolve", library)
    note = who.note("resolve", ids=ids, rows=len(ids))

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        return {"ids": call(cursor, who, "resolve", ids), **about(cursor, who)}

    answered: dict[str, object] = who.database.ask(note, question)
    return answered


@router.get("/{library}/{entity_id}", tags=["look up"])
def read(
    library: Library,
    entity_id: EntityId,
    who: Asking,
    response: Response,
    as_of: AsOf = None,
    if_none_match: Annotated[str, Header()] = "",
) -> Any:
    """One entity, as it is or as it was read as of a publication."""
    who.admit("read", library)
    note = who.note("read", ids=[entity_id], columns=columns_of(who))

    def question(cursor: Cursor[Any]) -> dict[str, object] | None:
        facts = about(cursor, who)
        refuse_unknown_publication(as_of, facts)
        rows = call(cursor, who, "read", [entity_id], as_of)
        note.rows, note.outcome = len(rows), "ok" if rows else "none"
        return {"entity": rows[0], **facts} if rows else None

    answered = who.database.ask(note, question)
    who.spend(note.rows)
    if answered is None:
        raise Problem(404, "unknown-entity", "No such entity; ask /resolve what became of it.")
    tag = f'"{sha256(json.dumps(answered["entity"], sort_keys=True).encode()).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return answered


# ---- shared by the endpoints ----


def told(answer: object) -> JSONResponse:
    """An answer as it is; FastAPI would check it against no model in a thread of its own."""
    return JSONResponse(answer, headers={"Cache-Control": "private, no-store"})


def folded(given: Mapping[str, str]) -> dict[str, str]:
    """Values in half width, without blanks around; letters of identifiers as capitals."""
    folded = {name: unicodedata.normalize("NFKC", text).strip() for name, text in given.items()}
    if any("\0" in text or not name.isprintable() for name, text in folded.items()):
        raise Problem(422, "request-invalid", "There is a character that no text can hold.")
    codes = ("_id", "_code", "uscc", "_identifier")
    return {n: text.upper() if n.endswith(codes) else text for n, text in folded.items()}


def looked_up(values: Mapping[str, str]) -> list[str]:
    """The values under which the log finds that somebody was looked for: never a name alone."""
    return [f"{name}={text}" for name, text in values.items() if name.endswith(("_id", "uscc"))]


def columns_of(who: Caller) -> list[str]:
    """The columns that the grant shows."""
    return [name for name, show in who.grant["columns"].items() if show != "absent"]


def call(cursor: Cursor[Any], who: Caller, function: str, *arguments: object) -> list[Any]:
    """The rows of one of the grant's functions, one JSON value each."""
    places = ", ".join(["%s"] * len(arguments))
    cursor.execute(f'SELECT * FROM serve."{who.name}__{function}"({places})', arguments)  # noqa: S608
    return [row[0] for row in cursor.fetchall()]


def first(cursor: Cursor[Any], who: Caller, function: str, argument: str) -> tuple[Any, ...]:
    """The one row of a function, and the publication; of a grant that just ended there is none."""
    statement = 'SELECT *, serve.last_publication() FROM serve."{}__{}"(%s)'
    cursor.execute(statement.format(who.name, function), (argument,))
    row = cursor.fetchone()
    if row is None:
        raise Problem(403, "grant-not-in-force", "The grant has ended or was revoked.")
    return tuple(row)


def about(cursor: Cursor[Any], who: Caller) -> dict[str, object]:
    """What every answer says: by which grant, and of which publication."""
    cursor.execute("SELECT serve.last_publication()")
    return {"grant": who.name, "publication": (cursor.fetchone() or (0,))[0]}


def refuse_unknown_publication(as_of: int | None, facts: Mapping[str, object]) -> None:
    """A state of the future is nobody's to read."""
    if as_of is not None and as_of > int(str(facts["publication"])):
        raise Problem(404, "unknown-publication", "There is no such publication yet.")
