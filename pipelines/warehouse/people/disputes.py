"""Disputes (异议), ``quality.dispute``: published values that a user disputes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, text

from pipelines.errors import BaselibError
from pipelines.libraries import Library

Ending = Literal["corrected", "confirmed", "withdrawn"]


@dataclass
class DisputeRefused(BaselibError):
    """A dispute cannot be raised or ended as it was asked."""

    about: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.about}: {self.problem} {self.remedy}"


@dataclass(frozen=True)
class PublishedValue:
    """A golden value and the record that it came from."""

    entity: str
    entity_id: str  # the current one
    column_name: str
    value: str
    source: str  # of a fused value: library <name>
    source_key: str  # of a fused value: its entity
    department: str  # that answers, short name


@dataclass(frozen=True)
class DisputeRecord:
    """Current state of one dispute, without reason and answer: free text may hold personal data."""

    id: int
    entity: str
    entity_id: str
    column_name: str
    raised_by: str
    raised_at: datetime
    due_date: date
    source: str
    state: str
    department: str = ""


def published_value(
    engine: Engine, libraries: Sequence[Library], entity_id: str, column: str
) -> PublishedValue:
    """The value of an entity, also under an id of the past.

    Raises:
        DisputeRefused: no such entity, or nothing is published of it in that column.
    """
    for library in libraries:
        names = {"entity_id": entity_id, "column": column}
        with engine.connect() as connection:
            found = connection.execute(text(_CURRENT.format(entity=library.entity)), names)
            current = found.scalar()
            if current is None:
                continue
            query = text(_VALUE.format(entity=library.entity))
            row = connection.execute(query, {**names, "entity_id": current}).mappings().first()
        if row is not None and row["source"] is not None:
            department = str(row["source"]).partition("__")[0]
            about = (library.entity, str(current), column)
            return PublishedValue(*about, **row, department=department)
        if row is not None and library.responsible:
            source, key = f"library {library.name}", str(current)
            return PublishedValue(
                library.entity, key, column, row["value"], source, key, library.responsible
            )
        if row is not None:
            raise DisputeRefused(
                f"{entity_id}, {column}",
                "Its value comes from no single record.",
                f"Name who answers for such values in {library.name}.yml: responsible.",
            )
        raise DisputeRefused(
            f"{entity_id}, {column}",
            "Nothing is published there.",
            f"The columns of base.{library.entity} are {', '.join(library.columns)}.",
        )
    raise DisputeRefused(
        entity_id, "No library knows this entity.", "Copy the id from the published table."
    )


def add_dispute(
    engine: Engine, value: PublishedValue, details: Mapping[str, object], reason: str
) -> tuple[int, bool]:
    """Raise a dispute; answers its number, and whether it is new.

    Args:
        engine: The warehouse.
        value: What is disputed.
        details: ``raised_by, raised_at, due_date, fingerprint, value_digest``.
        reason: In the words of whoever raises it.
    """
    about = {
        "entity": value.entity,
        "entity_id": value.entity_id,
        "column_name": value.column_name,
        "source": value.source,
        "department": value.department,
        "reason": reason,
        **details,
    }
    with engine.begin() as connection:
        added = connection.execute(_ADD, about).scalar()
        if added is None:
            return int(connection.execute(_OPEN, about).scalar_one()), False
        _record_event(connection, added, "raised", about["raised_at"], about["raised_by"], reason)
        return int(added), True


def end_dispute(
    engine: Engine, number: int, how: Ending, *, who: str, note: str, when: datetime
) -> None:
    """Close a dispute, answered or withdrawn; the value is no longer marked as disputed.

    Raises:
        DisputeRefused: there is no open dispute of that number.
    """
    with engine.begin() as connection:
        ended = connection.execute(
            _END, {"id": number, "how": how, "who": who, "note": note, "at": when}
        )
        if not ended.rowcount:
            raise DisputeRefused(
                f"Dispute {number}",
                "It is not open.",
                "See `baselib dispute list` for those that are.",
            )
        _record_event(connection, number, how, when, who, note)


def end_answered(connection: Connection, fingerprints: Mapping[str, Ending], about: Any) -> int:
    """End every open dispute whose issue its owner has answered in a repair sheet."""
    ended = 0
    for how in ("corrected", "confirmed"):
        named = [each for each, ending in fingerprints.items() if ending == how]
        found = connection.execute(_END_ANSWERED, {**about, "how": how, "named": named})
        for (number,) in found.fetchall():
            _record_event(connection, number, how, about["at"], about["who"], about["note"])
            ended += 1
    return ended


def read_disputes(engine: Engine, state: str | None = "open") -> list[DisputeRecord]:
    """Disputes by number; those of one state, or all."""
    names = ", ".join(DisputeRecord.__dataclass_fields__)
    query = text(
        f"SELECT {names} FROM quality.dispute"  # noqa: S608 - names of a class
        " WHERE CAST(:state AS text) IS NULL OR state = :state ORDER BY id"
    )
    with engine.connect() as connection:
        rows = connection.execute(query, {"state": state}).mappings()
        return [DisputeRecord(**row) for row in rows]


def disputed_values(engine: Engine, library: Library) -> list[dict[str, object]]:
    """Open disputes of a library with the record that each value comes from today."""
    query = text(_DISPUTED.format(entity=library.entity))
    with engine.connect() as connection:
        rows = connection.execute(query, {"entity": library.entity}).mappings()
        return [dict(row) for row in rows]


def _record_event(
    connection: Connection, number: int, kind: str, at: object, who: object, note: str
) -> None:
    event = {"id": number, "kind": kind, "at": at, "who": who, "note": note}
    connection.execute(_EVENT, event)


_CURRENT = """
SELECT entity_id FROM base."{entity}" WHERE entity_id = :entity_id
UNION ALL
SELECT current_id FROM base."{entity}_redirect" WHERE entity_id = :entity_id LIMIT 1"""

_VALUE = """
SELECT value, source, source_key FROM base."{entity}_value"
WHERE entity_id = :entity_id AND column_name = :column"""

_DISPUTED = """
SELECT DISTINCT value.source, value.source_key, value.column_name, value.value, value.entity_id
FROM quality.dispute AS dispute
LEFT JOIN base."{entity}_redirect" AS old ON old.entity_id = dispute.entity_id
JOIN base."{entity}_value" AS value
    ON value.entity_id = coalesce(old.current_id, dispute.entity_id)
    AND value.column_name = dispute.column_name
WHERE dispute.state = 'open' AND dispute.entity = :entity AND value.source IS NOT NULL"""

_ADD = text("""
INSERT INTO quality.dispute (entity, entity_id, column_name, reason, raised_by, raised_at,
    due_date, source, department, fingerprint, value_digest)
VALUES (:entity, :entity_id, :column_name, :reason, :raised_by, :raised_at,
    :due_date, :source, :department, :fingerprint, :value_digest)
ON CONFLICT (entity_id, column_name, raised_by) WHERE state = 'open' DO NOTHING RETURNING id""")

_OPEN = text("""
SELECT id FROM quality.dispute WHERE entity_id = :entity_id AND column_name = :column_name
    AND raised_by = :raised_by AND state = 'open'""")

_END = text("""
UPDATE quality.dispute SET state = :how, closed_by = :who, closed_at = :at, answer = :note
WHERE id = :id AND state = 'open'""")

_END_ANSWERED = text("""
UPDATE quality.dispute SET state = :how, closed_by = :who, closed_at = :at, answer = :note
WHERE fingerprint = ANY (CAST(:named AS text[])) AND state = 'open' RETURNING id""")

_EVENT = text("""
INSERT INTO quality.dispute_event (dispute_id, kind, at, who, note)
VALUES (:id, :kind, :at, :who, :note)""")
