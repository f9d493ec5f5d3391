"""Erasures, ``quality.erasure``, and what they take out of the tables of PostgreSQL.

Decisions are added to and never changed. An erasure is the one exception: those about the records
that it takes away go with them, in a transaction that is noted in the audit log.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from pipelines.libraries import Library
from pipelines.warehouse.base.history import history_columns
from pipelines.warehouse.server.database import run_sql

ANY_SOURCE = "*"  # whose digests are of identifiers, not of records


def read_erased(engine: Engine, source: str) -> Mapping[str, set[str]]:
    """Digests of what was erased: of records of the source, and under ``*`` of identifiers."""
    query = text("SELECT source, digest FROM quality.erased WHERE source IN (:source, '*')")
    found: dict[str, set[str]] = {source: set(), ANY_SOURCE: set()}
    with engine.connect() as connection:
        for name, digest in connection.execute(query, {"source": source}):
            found[name].add(digest)
    return found


def keep_erased(connection: Connection, digests: Sequence[tuple[str, str]]) -> None:
    """Remember digests, so that what they are of is not taken in again."""
    insert = text(
        "INSERT INTO quality.erased (source, digest) VALUES (:s, :d) ON CONFLICT DO NOTHING"
    )
    for source, digest in digests:
        connection.execute(insert, {"s": source, "d": digest})


def record_erasure(
    connection: Connection, library: str, entity_id: str, by: str, ground: str, certificate: str
) -> None:
    """Keep the certificate; the audit log is told by the table itself."""
    connection.execute(
        text(
            "INSERT INTO quality.erasure (library, entity_id, asked_by, ground, certificate)"
            " VALUES (:library, :id, :by, :ground, CAST(:certificate AS jsonb))"
        ),
        {"library": library, "id": entity_id, "by": by, "ground": ground,
         "certificate": certificate},
    )  # fmt: skip


def was_erased(engine: Engine, entity_id: str) -> Mapping[str, Any] | None:
    """The certificate of an entity that was erased."""
    query = text("SELECT certificate FROM quality.erasure WHERE entity_id = :id ORDER BY id DESC")
    with engine.connect() as connection:
        row = connection.execute(query, {"id": entity_id}).first()
    return dict(row[0]) if row else None


def purge_answers(connection: Connection, records: Sequence[str], ids: Sequence[str]) -> int:
    """Delete issues, corrections and disputes of records and entities; rows deleted."""
    about = {"records": [*records], "ids": [*ids]}
    return sum(connection.execute(text(each), about).rowcount for each in _ANSWERS)


def purge_decisions(connection: Connection, keys: Sequence[tuple[str, str]]) -> int:
    """Delete stewards' decisions about records that are no more; rows deleted."""
    for table in ("revocation", "decision"):
        run_sql(connection, f"ALTER TABLE identity.{table} DISABLE TRIGGER append_only")
    deleted = 0
    for source, key in keys:
        about = {"source": source, "key": key}
        deleted += sum(connection.execute(text(each), about).rowcount for each in _DECISIONS)
    for table in ("revocation", "decision"):
        run_sql(connection, f"ALTER TABLE identity.{table} ENABLE TRIGGER append_only")
    return deleted


def purge_history(
    connection: Connection, library: Library, entity_id: str, publication: int, unused: int
) -> int:
    """Leave of an entity's past one row without values, so that its removal is told to all.

    The row is of ``unused``, a number that no publication has; it keeps the columns by which grants
    divide the rows (a region, say), by which each consumer is told of what it could read.
    """
    history = f'serve."{library.entity}_history"'
    about = {"id": entity_id, "number": publication, "unused": unused}
    kept = _dividing_columns(connection, library.name)
    cleared = ", ".join(f'"{name}" = NULL' for name in history_columns(library) if name not in kept)
    deleted = connection.execute(
        text(
            f"DELETE FROM {history} WHERE entity_id = :id"  # noqa: S608 - names of declarations
            " AND to_pub IS DISTINCT FROM :number"
        ),
        about,
    ).rowcount
    update = text(
        f"UPDATE {history} SET from_pub = :unused, {cleared}"  # noqa: S608 - as above
        " WHERE entity_id = :id"
    )
    return int(deleted) + int(connection.execute(update, about).rowcount)


def unused_publication(engine: Engine) -> int:
    """Take a publication's number that no publication will have."""
    query = text("SELECT nextval(pg_get_serial_sequence('quality.publication', 'id'))")
    with engine.begin() as connection:
        return int(connection.execute(query).scalar_one())


def _dividing_columns(connection: Connection, library: str) -> set[str]:
    rows = connection.execute(
        text("SELECT declared FROM serve.grant WHERE library = :name"), {"name": library}
    )
    return {column for (declared,) in rows for column in declared.get("rows") or {}}


@dataclass(frozen=True)
class Gap:
    """Where a replay begins; ``tables``: of the lake, each with ``snapshot`` and ``properties``."""

    at: datetime
    why: str
    tables: Mapping[str, Mapping[str, Any]]


def last_gap(engine: Engine) -> Gap | None:
    """Where a replay begins; None: with the first batch."""
    query = text("SELECT at, why, tables FROM quality.gap ORDER BY id DESC LIMIT 1")
    with engine.connect() as connection:
        row = connection.execute(query).first()
    return Gap(*row) if row else None


def record_gap(engine: Engine, why: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """A replay begins here from now on, with these snapshots of the lake's tables."""
    insert = text("INSERT INTO quality.gap (why, tables) VALUES (:why, CAST(:tables AS jsonb))")
    with engine.begin() as connection:
        connection.execute(insert, {"why": why, "tables": json.dumps(tables)})


_ANSWERS = (
    "DELETE FROM quality.dispute_event USING quality.dispute AS whole"
    " WHERE dispute_id = whole.id AND whole.entity_id = ANY (:ids)",
    "DELETE FROM quality.dispute WHERE entity_id = ANY (:ids)",
    "DELETE FROM serve.dispute_request WHERE entity_id = ANY (:ids)",
    "DELETE FROM quality.issue_event USING quality.issue AS whole"
    " WHERE issue_event.fingerprint = whole.fingerprint AND whole.record = ANY (:records)",
    "DELETE FROM quality.correction WHERE record = ANY (:records)",
    "DELETE FROM quality.issue WHERE record = ANY (:records)",
)
_ABOUT_RECORD = (
    "(left_source, left_key) = (:source, :key) OR (right_source, right_key) = (:source, :key)"
)
_DECISIONS = (
    "DELETE FROM identity.revocation USING identity.decision AS whole"  # noqa: S608 - constants
    f" WHERE decision = whole.id AND ({_ABOUT_RECORD})",
    f"DELETE FROM identity.decision WHERE {_ABOUT_RECORD}",  # noqa: S608 - constants
)
