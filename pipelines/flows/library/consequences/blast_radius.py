"""Blast radius: which consumers have read the ids that a candidate would change.

Out of the audit log, before anything is published: whoever approves knows whom to tell.
"""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from pipelines.flows.shared.session import Session
from pipelines.flows.shared.site_keys import site_keys
from pipelines.warehouse.quality.id_changes import IdComparison

_MOST = 100_000  # ids; a candidate that changes more concerns everybody
_NAMES = text("""
SELECT id FROM unnest(CAST(:ids AS text[])) AS id
UNION SELECT own_id FROM serve.own_id WHERE real_id = ANY (CAST(:ids AS text[]))""")
_NOTE = text("""
WITH read AS (
    SELECT event.grant_name, count(DISTINCT subject) AS ids, max(event.at) AS last_read
    FROM audit.event AS event, unnest(event.subjects) AS subject
    WHERE event.subjects && CAST(:digests AS text[]) AND subject = ANY (CAST(:digests AS text[]))
        AND event.operation NOT IN ('changes', 'usage') AND event.grant_name <> ''
    GROUP BY 1
)
INSERT INTO serve.id_reader (library, run, candidate, grant_name, consumer, ids, last_read)
SELECT :library, :run, :candidate, one.name, one.consumer, coalesce(read.ids, 0), read.last_read
FROM serve.grant AS one LEFT JOIN read ON read.grant_name = one.name
WHERE one.is_active AND one.library = :library
    AND (read.ids > 0 OR one.declared->'operations' ? 'changes')
ON CONFLICT (library, run, candidate, grant_name)
    DO UPDATE SET (ids, last_read) = (excluded.ids, excluded.last_read)""")
_TOLD = text("""
SELECT grant_name, consumer, ids, last_read FROM serve.id_reader
WHERE (library, run, candidate) = (:library, :run, :candidate) ORDER BY ids DESC, grant_name""")


def note_readers(session: Session, comparison: IdComparison, ids: Sequence[str]) -> None:
    """Keep, for each consumer, how many of the ids that would change it has read, and when."""
    if not ids:
        return
    keys = site_keys(session.settings)
    with session.warehouse.begin() as connection:
        names = connection.execute(_NAMES, {"ids": [*ids[:_MOST]]}).scalars().all()
        digests = [digest for one in names for digest in keys.digests(one)]
        connection.execute(_NOTE, {"digests": digests, **_named(comparison)})


def told_readers(warehouse: Engine, comparison: IdComparison) -> list[str]:
    """One line for each consumer that the change of ids concerns."""
    with warehouse.connect() as connection:
        rows = connection.execute(_TOLD, _named(comparison)).all()
    return [
        f"{consumer} ({grant}) has read {ids:,} of them, last on {last:%Y-%m-%d}"
        if ids
        else f"{consumer} ({grant}) follows changes of this library and holds a copy"
        for grant, consumer, ids, last in rows
    ]


def _named(comparison: IdComparison) -> dict[str, str]:
    return {
        "library": comparison.library,
        "run": comparison.run,
        "candidate": comparison.candidate,
    }
