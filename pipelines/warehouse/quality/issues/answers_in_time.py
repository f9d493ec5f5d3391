"""Issues answered within their legal limit, per source, from ``quality.issue``."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Engine, text


def read_answers_in_time(engine: Engine, begin: date, today: date) -> Mapping[str, tuple[int, int]]:
    """Per source: issues answered or closed within their limit, and issues whose limit is over.

    An issue counts when its limit ended in the period, or when it was answered before. A record
    that was delivered no more is no answer, and does not count at all.

    Args:
        engine: The warehouse.
        begin: First day of the period, by the due date.
        today: Last day; a limit that ends today is not over.
    """
    with engine.connect() as connection:
        found = connection.execute(_COUNT, {"begin": begin, "today": today})
        return {source: (int(in_time), int(due)) for source, in_time, due in found}


_COUNT = text("""
WITH issues AS (
    SELECT source, due_date,
        (least(answered_at, closed_at) AT TIME ZONE 'Asia/Shanghai')::date AS answered_on
    FROM quality.issue
    WHERE due_date >= :begin AND closed_how IS DISTINCT FROM 'record_gone'
)
SELECT source, count(*) FILTER (WHERE answered_on <= due_date), count(*)
FROM issues WHERE due_date < :today OR answered_on <= :today
GROUP BY source ORDER BY source""")
