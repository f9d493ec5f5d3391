"""Audit of unmasked reads: ``audit.unmasked_reading``, insert only."""

from sqlalchemy import Engine, column, insert, table

_READING = table(
    "unmasked_reading",
    *(column(name) for name in ("library", "subject", "records", "purpose", "read_by")),
    schema="audit",
)


def record_unmasked_reading(
    engine: Engine, *, library: str, subject: str, records: int, purpose: str, by: str
) -> None:
    """Record it before anything is shown; ``subject`` is entity ids, never a record's key."""
    row = {"library": library, "subject": subject, "records": records, "purpose": purpose}
    with engine.begin() as connection:
        connection.execute(insert(_READING).values(**row, read_by=by))
