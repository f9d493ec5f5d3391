"""Trawling: readings that no single case explains, and canaries that somebody looked up."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from pipelines.flows.shared.site_keys import site_keys
from pipelines.settings import Settings
from pipelines.warehouse import connect

_MANY_MISSES = 30  # look-ups of an actor in a day, and more than half of them of nobody: guessing
_MANY_OF_A_CASE = 20  # persons that one case concerns
_TIMES_USUAL = 5  # as many persons as the grant's median actor
_AT_LEAST = 100


@dataclass(frozen=True)
class Alarm:
    """Something that a person should look into: by whom, what, and the numbers of the events."""

    kind: str
    grant: str
    actor: str
    count: int
    first_event: int


def watch_log(settings: Settings, until: datetime, days: int = 1) -> list[Alarm]:
    """What stands out in the readings of the last days, the gravest first."""
    engine = connect(settings)
    try:
        with engine.connect() as connection:
            asked = {"since": until - timedelta(days=days), "until": until}
            rows = connection.execute(text(_ALARMS), asked).all()
    finally:
        engine.dispose()
    return [Alarm(*row[:5]) for row in rows]


_ALARMS = f"""
WITH read AS (
    SELECT * FROM audit.event WHERE at > :since AND at <= :until AND grant_name <> ''
), per_actor AS (
    SELECT grant_name, actor, count(DISTINCT subject) AS subjects, min(seq) AS seq
    FROM read, unnest(subjects) AS subject
    WHERE operation NOT IN ('changes', 'snapshot') GROUP BY 1, 2
), usual AS (
    SELECT grant_name, percentile_cont(0.5) WITHIN GROUP (ORDER BY subjects) AS subjects
    FROM per_actor GROUP BY 1
)
SELECT 'canary' AS kind, grant_name, actor, count(*) AS n, min(seq) AS seq, 1 AS rank FROM read
WHERE outcome = 'canary' GROUP BY 2, 3
UNION ALL
SELECT 'guessing', grant_name, actor, count(*), min(seq), 2 FROM read
WHERE operation IN ('verify', 'find') GROUP BY 2, 3
HAVING count(*) >= {_MANY_MISSES} AND count(*) FILTER (WHERE outcome = 'none') * 2 > count(*)
UNION ALL
SELECT 'one case, many persons', grant_name, actor, count(DISTINCT subject), min(seq), 3
FROM read, unnest(subjects) AS subject WHERE operation NOT IN ('changes', 'snapshot')
GROUP BY 2, 3, case_no HAVING count(DISTINCT subject) >= {_MANY_OF_A_CASE}
UNION ALL
SELECT 'many more than usual', grant_name, actor, one.subjects, seq, 4
FROM per_actor AS one JOIN usual USING (grant_name)
WHERE one.subjects >= {_AT_LEAST} AND one.subjects > {_TIMES_USUAL} * usual.subjects
ORDER BY rank, seq
"""  # noqa: S608 - numbers of this module


def make_canary(settings: Settings, grant: str) -> str:
    """A citizen number of nobody, to be handed to one consumer: who looks it up had it from there.

    The region 999999 does not exist, so that it is nobody's; only its digest is kept.
    """
    body = f"99999919000101{secrets.randbelow(1000):03}"
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(body))
    number = body + _SIGNS[total % 11]
    digest = site_keys(settings).digests(f"citizen_id={number}")[0]
    engine = connect(settings)
    try:
        with engine.begin() as connection:
            connection.execute(_REMEMBER, {"digest": digest, "given_to": grant})
    finally:
        engine.dispose()
    return number


_SIGNS = "10X98765432"  # GB 11643: MOD 11-2
_REMEMBER = text("INSERT INTO audit.canary (digest, given_to) VALUES (:digest, :given_to)")
