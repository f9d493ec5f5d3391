"""Snapshot, changes, publications, code tables: how a consumer keeps a copy, and keeps it right."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from psycopg import Cursor

from pipelines.serve.api.caller import Asking, Caller
from pipelines.serve.api.lookups import (
    AsOf,
    Library,
    about,
    columns_of,
    refuse_unknown_publication,
)
from pipelines.serve.api.problems import Problem

router = APIRouter(prefix="/v1")
Page = Annotated[
    int, Query(ge=1, le=10_000, description="Rows of the answer; the grant's limit at most.")
]


@router.get("/{library}/changes", tags=["follow"])
def changes(
    library: Library,
    who: Asking,
    after: Annotated[str, Query(pattern=r"^[0-9]{1,18}(:[0-9]{1,18})?$")],
    limit: Page = 1_000,
) -> dict[str, object]:
    """What changed after a publication, as CloudEvents 1.0; no values, only names of columns.

    ``after``: a publication's number, or ``next`` of the last answer. Go on until ``complete``.
    """
    who.admit("changes", library)
    number, _, seq = after.partition(":")
    # Without a place in the publication, all of it is known already.
    start = (int(number), int(seq or 2**62))
    note, most = who.note("changes"), min(limit, who.grant["limits"]["rows"])

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        facts = about(cursor, who)
        _refuse_before_horizon(cursor, library, start[0])
        refuse_unknown_publication(start[0], facts)
        cursor.execute(_CHANGES.format(grant=who.name), (*start, most + 1))
        rows = cursor.fetchall()
        complete = len(rows) <= most
        rows = rows[:most]
        note.ids, note.rows = [row[2] for row in rows], len(rows)
        last = f"{rows[-1][0]}:{rows[-1][1]}" if rows else after
        following = str(facts["publication"]) if complete else last
        events = [_event(library, row) for row in rows]
        return {"events": events, "next": following, "complete": complete, **facts}

    answered: dict[str, object] = who.database.ask(note, question)
    return answered


_CHANGES = """
SELECT publication, seq, entity_id, op, columns, related
FROM serve."{grant}__change" WHERE (publication, seq) > (%s, %s)
ORDER BY publication, seq LIMIT %s"""


def _event(library: str, row: tuple[Any, ...]) -> dict[str, object]:
    publication, seq, entity_id, op, columns, related = row
    return {
        "specversion": "1.0",
        "id": f"{publication}:{seq}",
        "source": f"/v1/{library}",
        "type": f"baselib.entity.{op}.v1",
        "subject": entity_id,
        "datacontenttype": "application/json",
        "data": {"publication": publication, "columns": columns, "related": related},
    }


@router.get("/{library}/snapshot", tags=["follow"])
def snapshot(
    library: Library,
    who: Asking,
    publication: AsOf = None,
    after: Annotated[str, Query(max_length=80)] = "",
    limit: Page = 1_000,
) -> dict[str, object]:
    """All entities as of one publication, page by page in order of their ids.

    The first answer says which publication it is; ask for the same with ``after`` = ``next``. Then
    follow ``/changes?after=`` that publication: nothing is lost between the two.
    """
    who.admit("snapshot", library)
    note = who.note("snapshot", columns=columns_of(who))
    most = min(limit, who.grant["limits"]["rows"])

    def question(cursor: Cursor[Any]) -> dict[str, object]:
        facts = about(cursor, who)
        number = publication or int(str(facts["publication"]))
        refuse_unknown_publication(number, facts)
        _refuse_before_horizon(cursor, library, number)
        cursor.execute(
            _SNAPSHOT.format(grant=who.name),
            {"number": number, "after": after, "most": most + 1},
        )
        rows = [row[0] for row in cursor.fetchall()]
        complete, rows = len(rows) <= most, rows[:most]
        note.ids, note.rows = [row["entity_id"] for row in rows], len(rows)
        following = rows[-1]["entity_id"] if rows else after
        page = {"entities": rows, "next": None if complete else following, "complete": complete}
        return {**page, **facts, "publication": number}

    answered: dict[str, object] = who.database.ask(note, question)
    who.spend(note.rows)
    return answered


_SNAPSHOT = """
SELECT to_jsonb(one) - 'from_pub' - 'to_pub' FROM serve."{grant}__history" AS one
WHERE one.entity_id > %(after)s AND one.from_pub <= %(number)s
    AND (one.to_pub IS NULL OR one.to_pub > %(number)s)
ORDER BY one.entity_id LIMIT %(most)s"""


def _refuse_before_horizon(cursor: Cursor[Any], library: str, number: int) -> None:
    cursor.execute("SELECT publication FROM serve.horizon WHERE library = %s", (library,))
    row = cursor.fetchone()
    if row is None or number < row[0]:
        horizon = row[0] if row else None
        detail = "That is before the beginning of the feed. Take /snapshot, and follow from there."
        raise Problem(410, "before-horizon", detail, horizon=horizon)


@router.get("/publications", tags=["follow"])
def publications(who: Asking, limit: Page = 100) -> dict[str, object]:
    """The last publications, newest first, and the numbers that stand for a consistent set.

    A number names the state of all libraries together: read each ``as_of`` the same number.
    """
    with who.database.service() as connection:
        rows = connection.execute(
            "SELECT id, library, run, status, published_at, snapshot_ids, row_counts"
            " FROM quality.publication ORDER BY id DESC LIMIT %s",
            (limit,),
        ).fetchall()
    names = ("publication", "library", "run", "status", "published_at", "lake", "rows")
    told = [dict(zip(names, row, strict=True)) for row in rows]
    _note_plain(who, "publications")
    return {"publications": told, "group": rows[0][0] if rows else 0, "grant": who.name}


@router.get("/codes", tags=["follow"])
def code_tables(who: Asking) -> dict[str, object]:
    """The names of the code tables."""
    with who.database.service() as connection:
        rows = connection.execute(
            "SELECT DISTINCT code_table FROM serve.code ORDER BY 1"
        ).fetchall()
    _note_plain(who, "codes")
    return {"code_tables": [row[0] for row in rows], "grant": who.name}


@router.get("/codes/{table}", tags=["follow"])
def codes(table: str, who: Asking, response: Response) -> dict[str, object]:
    """One code table: codes, names, years in force, successors."""
    with who.database.service() as connection:
        rows = connection.execute(
            "SELECT code, name, parent, valid_from, valid_to, successor FROM serve.code"
            " WHERE code_table = %s ORDER BY code",
            (table,),
        ).fetchall()
    if not rows:
        raise Problem(404, "unknown-code-table", "See /v1/codes for what there is.")
    _note_plain(who, "codes")
    response.headers["Cache-Control"] = "private, max-age=3600"
    names = ("code", "name", "parent", "valid_from", "valid_to", "successor")
    return {"codes": [_known(zip(names, row, strict=True)) for row in rows], "grant": who.name}


def _known(pairs: Any) -> Mapping[str, object]:
    return {name: value for name, value in pairs if value is not None}


def _note_plain(who: Caller, operation: str) -> None:
    """Note what concerns nobody; every grant may ask it."""
    who.database.ask(who.note(operation), lambda _: None)
