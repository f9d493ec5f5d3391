"""Audit events, ``audit.event``: who did what, when, for whom; append-only, sealed afterwards."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Event:
    """One thing that somebody did; ``subjects`` are keyed digests, never values or ids."""

    operation: str
    outcome: str
    grant_name: str = ""
    actor: str = ""
    case_no: str = ""
    request: str = ""
    library: str = ""
    subjects: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: int = 0


_NOTE = text("""
SELECT audit.note(:operation, :grant_name, :actor, :case_no, :request, :library,
    CAST(:subjects AS text[]), CAST(:columns AS text[]), :rows, :outcome)""")


def note_event(connection: Connection, event: Event) -> int:
    """Note it in the caller's transaction: both are there, or neither; answers its number."""
    values = asdict(event) | {"subjects": [*event.subjects], "columns": [*event.columns]}
    return int(connection.execute(_NOTE, values).scalar_one())
