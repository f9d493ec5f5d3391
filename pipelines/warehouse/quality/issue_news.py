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
    missing: int = 0  # closed because the record is no longer delivered: nobody repaired it


def read_issue_news(engine: Engine, source: str, batch: str, today: date) -> IssueNews:
    """What has happened since the last report of an earlier batch was sent, this batch included.

    Where none has been sent yet, only what this batch brought counts.
    """
    with engine.connect() as connection:
        parameters = {"source": source, "batch": batch, "key": batch_key(batch), "today": today}
        return IssueNews(**connection.execute(_NEWS, parameters).mappings().one())


_NEWS = text("""
WITH mine AS (
    SELECT event.id, event.kind, event.batch
    FROM quality.issue_event AS event JOIN quality.issue AS issue USING (fingerprint)
    WHERE issue.source = :source
), since AS (
    SELECT max(id) AS id FROM mine WHERE kind = 'sent'
        AND left(batch, 8) || lpad(length(batch)::text, 2, '0') || batch < :key COLLATE "C"
), happened AS (
    SELECT
        count(*) FILTER (WHERE kind = 'fixed') AS fixed,
        count(*) FILTER (WHERE kind = 'gone') AS missing,
        count(*) FILTER (WHERE kind = 'confirmed') AS confirmed,
        count(*) FILTER (WHERE kind = 'reopened') AS returned,
        count(*) FILTER (WHERE kind = 'opened') AS new
    FROM mine, since WHERE mine.id > since.id OR mine.batch = :batch
), waiting AS (
    SELECT count(*) AS still_open,
        count(*) FILTER (WHERE due_date < :today AND state = 'sent') AS overdue,
        min(due_date) FILTER (WHERE due_date >= :today AND state = 'sent') AS due
    FROM quality.issue
    WHERE source = :source AND state NOT IN ('fixed', 'confirmed_correct')
)
SELECT fixed, missing, confirmed, returned, new, still_open, overdue, due FROM happened, waiting
""")
