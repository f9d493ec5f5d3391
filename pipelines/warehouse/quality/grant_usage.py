"""Use of grants in a period, from the audit log: who called how often, and canaries that sang."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text


@dataclass(frozen=True)
class GrantUsage:
    """One grant: its consumer, calls that were answered, rows, canaries, last call."""

    name: str
    consumer: str
    library: str
    calls: int
    rows: int
    canaries: int
    last_call: date | None


def read_grant_usage(engine: Engine, begin: date, until: date) -> list[GrantUsage]:
    """Grants that were in force in the period, by name; a call that was refused is none.

    Args:
        engine: The warehouse.
        begin: First day, by the clock of the city.
        until: Last day.
    """
    with engine.connect() as connection:
        rows = connection.execute(_USAGE, {"begin": begin, "until": until})
        return [GrantUsage(*row) for row in rows]


def count_calls(engine: Engine, begin: date, until: date) -> int:
    """Calls of all grants that were answered in the period."""
    return sum(each.calls for each in read_grant_usage(engine, begin, until))


_USAGE = text("""
WITH call AS (
    SELECT grant_name, outcome, rows, (at AT TIME ZONE 'Asia/Shanghai')::date AS day
    FROM audit.event WHERE grant_name <> '' AND operation NOT IN ('grant', 'access')
)
SELECT declared.name, declared.consumer, declared.library,
    count(*) FILTER (WHERE call.outcome IN ('ok', 'none', 'canary')),
    coalesce(sum(call.rows) FILTER (WHERE call.outcome = 'ok'), 0)::bigint,
    count(*) FILTER (WHERE call.outcome = 'canary'),
    max(call.day) FILTER (WHERE call.outcome IN ('ok', 'none'))
FROM serve.grant AS declared
LEFT JOIN call ON call.grant_name = declared.name AND call.day BETWEEN :begin AND :until
WHERE declared.valid_from <= :until AND declared.valid_to >= :begin
GROUP BY 1, 2, 3 ORDER BY 1""")
