"""Changes of a source's issues since the last report to its owner."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

from pipelines.batch import batch_key


@dataclass(frozen=True)
class IssueNews:
    """Counts of closed, reopened, new, open and overdue issues."""

    fixed: int
    confirmed: int
    returned: int
    new: int
    still_open: int
    overdue: int
    due: date | None  # the earliest date by which one must be answered that is not overdue
    missing: int = 0  # open, and their records are no longer delivered: nobody repaired them
    last_event: int | None = None  # until which these figures count


def read_issue_news(
    engine: Engine, source: str, batch: str, today: date, since: int | None = None
) -> IssueNews:
    """What has happened since the last report, this batch included.

    Args:
        engine: The warehouse.
        source: Whose issues.
        batch: What it brought counts in any case.
        today: What is due earlier is overdue.
        since: The last event that an earlier report told of. Where that is not known: when the last
            report of an earlier batch was sent; without one, only what this batch brought counts.
    """
    with engine.connect() as connection:
        parameters = {"source": source, "batch": batch, "key": batch_key(batch), "today": today}
        parameters["since"] = since
        return IssueNews(**connection.execute(_NEWS, parameters).mappings().one())


_NEWS = text("""
WITH mine AS (
    SELECT event.id, event.kind, event.batch
    FROM quality.issue_event AS event JOIN quality.issue AS issue USING (fingerprint)
    WHERE issue.source = :source
), since AS (
    SELECT coalesce(CAST(:since AS bigint), max(id)) AS id FROM mine WHERE kind = 'sent'
        AND left(batch, 8) || lpad(length(batch)::text, 2, '0') || batch < :key COLLATE "C"
), happened AS (
    SELECT
        count(*) FILTER (WHERE kind = 'fixed') AS fixed,
        count(*) FILTER (WHERE kind = 'confirmed') AS confirmed,
        count(*) FILTER (WHERE kind = 'reopened') AS returned,
        count(*) FILTER (WHERE kind = 'opened') AS new,
        (SELECT max(id) FROM mine) AS last_event
    FROM mine, since WHERE mine.id > since.id OR mine.batch = :batch
), waiting AS (
    SELECT count(*) FILTER (WHERE missing_since IS NULL) AS still_open,
        count(*) FILTER (WHERE missing_since IS NOT NULL) AS missing,
        count(*) FILTER (WHERE due_date < :today AND state = 'sent' AND missing_since IS NULL)
            AS overdue,
        min(due_date) FILTER (WHERE due_date >= :today AND state = 'sent'
            AND missing_since IS NULL) AS due
    FROM quality.issue
    WHERE source = :source AND state NOT IN ('fixed', 'confirmed_correct')
)
SELECT fixed, missing, confirmed, returned, new, still_open, overdue, due,
    last_event
FROM happened, waiting
""")
