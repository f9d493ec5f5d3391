"""How many issues of each source are where in the repair loop, from ``quality.issue``."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

_COUNT = text("""
    SELECT source,
        count(*) FILTER (WHERE state = 'open') AS unsent,
        count(*) FILTER (WHERE state = 'sent') AS sent,
        count(*) FILTER (WHERE state = 'answered') AS answered,
        count(*) FILTER (WHERE state = 'not_fixed') AS not_fixed,
        count(*) FILTER (WHERE closed_at IS NOT NULL) AS closed,
        count(*) FILTER (WHERE state = 'sent' AND due_date < :today) AS overdue,
        min(due_date) FILTER (WHERE state = 'sent') AS next_due
    FROM quality.issue GROUP BY source ORDER BY source
""")


@dataclass(frozen=True)
class IssueCounts:
    """Issues of one source. ``overdue``: sent, not answered, and the time limit has passed."""

    unsent: int = 0
    sent: int = 0
    answered: int = 0
    not_fixed: int = 0
    closed: int = 0
    overdue: int = 0
    next_due: date | None = None


def count_issues(engine: Engine, today: date) -> dict[str, IssueCounts]:
    """Source to its counts; ``today`` is the day that counts as today."""
    with engine.connect() as connection:
        rows = connection.execute(_COUNT, {"today": today}).mappings().all()
    return {row["source"]: IssueCounts(**{k: row[k] for k in row if k != "source"}) for row in rows}
