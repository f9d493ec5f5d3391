"""Who read an entity's data: for the clerk who answers a citizen, and before ids are changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from pipelines.flows.shared.site_keys import site_keys
from pipelines.settings import Settings
from pipelines.warehouse import connect


@dataclass(frozen=True)
class Reading:
    """One reading of an entity's data."""

    at: datetime
    grant: str
    actor: str
    case_no: str
    operation: str
    outcome: str


def readings_of(settings: Settings, entity_ids: Sequence[str]) -> list[Reading]:
    """All readings of these entities, newest first."""
    keys = site_keys(settings)
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            names = connection.execute(_NAMES, {"ids": [*entity_ids]}).scalars().all()
            digests = [digest for one in names for digest in keys.digests(one)]
            rows = connection.execute(_READINGS, {"digests": digests}).all()
    finally:
        engine.dispose()
    return [Reading(*row) for row in rows]


_NAMES = text("""
SELECT id FROM unnest(CAST(:ids AS text[])) AS id
UNION SELECT own_id FROM serve.own_id WHERE real_id = ANY (CAST(:ids AS text[]))""")
_READINGS = text("""
SELECT at, grant_name, actor, case_no, operation, outcome FROM audit.event
WHERE subjects && CAST(:digests AS text[]) ORDER BY seq DESC""")
