"""Downstream disputes (校核申请): a published value is marked until its owner has answered.

Nothing is corrected on the way: the owner reads of it in his next report, answers in the repair
sheet or by ``answer``, and what he corrects flows back through his source.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import ibis
from sqlalchemy import text

from pipelines.batch import CHINA
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.keyed_digests import add_fingerprint, value_digest, with_site_key
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.standards.working_days import load_working_calendar
from pipelines.warehouse import connect
from pipelines.warehouse.people.disputes import (
    DisputeRefused,
    Ending,
    PublishedValue,
    add_dispute,
    end_dispute,
    published_value,
)

DISPUTED_BY_USER = "DISPUTED_BY_USER"
COLUMNS = ("entity_id", "column", "reason")


@dataclass(frozen=True)
class Doubt:
    """A value that somebody doubts, and why."""

    entity_id: str
    column: str
    reason: str


@dataclass(frozen=True)
class Raised:
    """A dispute: its number, whose turn it is, until when; ``new`` is False for a repeat."""

    number: int
    source: str
    due_date: date
    new: bool


def dispute(settings: Settings, doubts: Sequence[Doubt], by: str) -> list[Raised]:
    """Mark published values as disputed; all of them or, if one cannot be, none.

    Args:
        settings: Where to work.
        doubts: Entity, golden column and reason of each.
        by: The organisation that doubts, and who there.

    Raises:
        DisputeRefused: no such entity or value, or no reason.
        CalendarUnknown: the time limit reaches beyond the known years.
    """
    for doubt in doubts:
        if not doubt.reason.strip():
            raise DisputeRefused(doubt.entity_id, "It has no reason.", "Say what is doubtful.")
    when = moment(settings)
    due = load_working_calendar().due(when.astimezone(CHINA).date())
    libraries = list(load_libraries().values())
    with open_session(settings) as session:
        values = [
            published_value(session.warehouse, libraries, doubt.entity_id, doubt.column)
            for doubt in doubts
        ]
        raised = []
        for doubt, value, named in zip(doubts, values, _named(session, values), strict=True):
            facts = {"raised_by": by, "raised_at": when, "due_date": due, **named}
            number, new = add_dispute(session.warehouse, value, facts, doubt.reason)
            raised.append(Raised(number, value.source, due, new))
        return raised


def take_requests(settings: Settings) -> list[str]:
    """Raise what consumers handed in through the service; answers what became of each.

    One that cannot be raised (the value has changed since) is noted as such, and not tried again.
    """
    engine = connect(settings)
    told = []
    try:
        with engine.connect() as connection:
            waiting = connection.execute(_WAITING).all()
        for number, entity_id, column, reason, by in waiting:
            try:
                (raised,) = dispute(settings, [Doubt(entity_id, column, reason)], by)
                outcome = f"dispute {raised.number}, for {raised.source} by {raised.due_date}"
            except DisputeRefused as refused:
                outcome = f"refused: {refused.problem}"
            with engine.begin() as connection:
                connection.execute(_TAKEN, {"id": number, "outcome": outcome})
            told.append(f"request {number}, {entity_id} {column}: {outcome}")
    finally:
        engine.dispose()
    return told


_WAITING = text("""
SELECT id, entity_id, column_name, reason, raised_by FROM serve.dispute_request
WHERE taken_at IS NULL ORDER BY id""")
_TAKEN = text("""
UPDATE serve.dispute_request SET taken_at = now(), outcome = :outcome WHERE id = :id""")


def answer(settings: Settings, number: int, how: Ending, *, who: str, note: str) -> None:
    """End a dispute: the owner has corrected or confirmed the value, or it was withdrawn.

    Raises:
        DisputeRefused: it is not open, or nobody says why.
    """
    if not note.strip():
        raise DisputeRefused(f"Dispute {number}", "The answer says nothing.", "Add --note.")
    engine = connect(settings)
    try:
        end_dispute(engine, number, how, who=who, note=note, when=moment(settings))
    finally:
        engine.dispose()


def read_doubts(file: Path) -> list[Doubt]:
    """Doubts from a CSV file (UTF-8) with the columns ``entity_id, column, reason``.

    Raises:
        DisputeRefused: the file lacks one of them.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise DisputeRefused(
                file.name,
                f"It lacks the column(s) {', '.join(missing)}.",
                f"Write {', '.join(COLUMNS)} into the first line, in UTF-8.",
            )
        return [Doubt(*(row[name].strip() for name in COLUMNS)) for row in rows]


def _named(session: Session, values: Sequence[PublishedValue]) -> list[dict[str, object]]:
    """``fingerprint`` and ``value_digest`` of each value, in order."""
    key = digest_key(session.settings)
    named: list[dict[str, object]] = []
    for value in values:
        row = ibis.memtable(
            {
                "record_key": [value.source_key],
                "column": [value.column_name],
                "rule": [DISPUTED_BY_USER],
                "value": [value.value],
            }
        )
        keyed = with_site_key(add_fingerprint(row, value.source, key), key)
        digests = keyed.select(
            "fingerprint", value_digest=value_digest(keyed.site_key, keyed["value"])
        )
        named += session.con.to_pyarrow(digests).to_pylist()
    return named
