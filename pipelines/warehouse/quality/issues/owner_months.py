"""Monthly figures per owner, ``quality.owner_month``: issues found, sent, answered, overdue.

The figures are counted from the history of issues, so that a month can be computed again at any
time and says the same, whatever has happened since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, select, text

from pipelines.batch import CHINA
from pipelines.errors import CalendarUnknown
from pipelines.standards.working_days import load_working_calendar
from pipelines.warehouse.quality.tables import quality_table, record_columns
from pipelines.warehouse.server.locks import take_lock


@dataclass(frozen=True)
class OwnerMonth:
    """One source in one month: how many issues, and the median days from finding to closing."""

    month: date
    source: str
    department: str
    found: int
    sent: int
    answered: int
    fixed: int
    confirmed: int
    overdue: int
    still_open: int
    median_days: float | None
    carried: int = 0  # open when the month began; carried + found - fixed - confirmed - gone = open
    gone: int = 0  # their records are no longer delivered; that is no repair


OWNER_MONTH = quality_table("owner_month", OwnerMonth, computed_at=datetime)


def record_sent(
    engine: Engine,
    source: str,
    batch: str,
    when: datetime,
    batches: Sequence[str] | None = None,
    composed_at: datetime | None = None,
) -> int:
    """Record that a source's issues were sent to its owner; returns how many are new to him.

    To be called when the mail that carries them has been accepted; a repeat changes nothing. The
    time limit begins: 10 working days, the day itself not counted. Where the calendar does not
    reach so far, ``track`` sets the due date later, and complains until it can.

    Args:
        engine: The warehouse.
        source: Whose mail.
        batch: The batch that the mail is about.
        when: With time zone.
        batches: All batches that the mail covers, if it is a digest.
        composed_at: When the mail was written: it lists no issue that was found later; None: all.
    """
    day = when.astimezone(CHINA).date()
    try:
        due: date | None = load_working_calendar().due(day)
    except CalendarUnknown:
        due = None
    parameters = {
        "source": source,
        "batch": batch,
        "batches": list({*(batches or ()), batch}),
        "at": when,
        "due": due,
        "composed": composed_at,
    }
    with engine.begin() as connection:
        return connection.execute(_RECORD_SENT, parameters).rowcount


def compute_owner_months(
    engine: Engine, month: date, today: date, source: str | None = None
) -> None:
    """Replace the figures of a month in ``quality.owner_month``.

    Args:
        engine: The warehouse.
        month: Its first day.
        today: What is due later is not overdue yet.
        source: Only of this source; None: of all.

    Raises:
        CalendarUnknown: a time limit may have ended in a year that the calendar does not have.
    """
    end = (month + timedelta(days=31)).replace(day=1)
    last = min(end, today)
    whose = {"source": source}
    bounds = {"begin": _midnight(month), "end": _midnight(end), **whose}
    with engine.begin() as connection:
        # Several sources may be tracked at once, and a digest counts all of them.
        take_lock(connection, "quality.owner_month")
        sent = connection.execute(_DAYS_SENT, bounds).scalars().all()
        limits = {day: due for day in sent if (due := _due(day, last))}
        connection.execute(_DELETE, {"month": month, **whose})
        parameters = {"days": list(limits), "due": list(limits.values())}
        connection.execute(_COMPUTE, {**bounds, "month": month, "last": last, **parameters})


def refresh_owner_months(engine: Engine, today: date, source: str | None = None) -> None:
    """Bring ``quality.owner_month`` up to today: this month, and those that were not over before.

    The month before is counted again, for what happened on its last day after it was counted.

    Args:
        engine: The warehouse.
        today: Its month is the last one.
        source: Only of this source; None: of all.

    Raises:
        CalendarUnknown: as ``compute_owner_months``.
    """
    this = today.replace(day=1)
    with engine.connect() as connection:
        counted = connection.execute(_COUNTED, {"this": this, "source": source}).scalar()
    month = min(counted or this, (this - timedelta(days=1)).replace(day=1))
    while month <= this:
        compute_owner_months(engine, month, today, source)
        month = (month + timedelta(days=31)).replace(day=1)


def read_owner_months(
    engine: Engine, since: date, until: date, source: str | None = None
) -> list[OwnerMonth]:
    """The figures of the months from ``since`` to ``until`` (first days), by month and source."""
    t = OWNER_MONTH.c
    query = select(*record_columns(OWNER_MONTH, OwnerMonth)).where(t.month.between(since, until))
    if source is not None:
        query = query.where(t.source == source)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(t.month, t.source))
        return [OwnerMonth(**row) for row in found.mappings()]


def _due(sent: date, last: date) -> date | None:
    """The end of a time limit; None if it lies beyond the calendar, and so after ``last``.

    Raises:
        CalendarUnknown: ``last`` itself lies beyond the calendar: nobody can say.
    """
    try:
        return load_working_calendar().due(sent)
    except CalendarUnknown as unknown:
        if last > date(unknown.year, 1, 1):
            raise
        return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


_RECORD_SENT = text("""
WITH newly_sent AS (
    UPDATE quality.issue SET state = 'sent', sent_at = :at, due_date = CAST(:due AS date),
        told_digest = value_digest
    WHERE source = :source AND state = 'open' AND missing_since IS NULL
        AND (layer <> 'batch' OR last_batch = ANY (CAST(:batches AS text[])))
        AND (CAST(:composed AS timestamptz) IS NULL OR found_at <= :composed)
    RETURNING fingerprint
)
INSERT INTO quality.issue_event (fingerprint, kind, from_state, to_state, batch, at)
SELECT fingerprint, 'sent', 'open', 'sent', :batch, :at FROM newly_sent ORDER BY fingerprint
""")

# Forty days before the month: no time limit of ten working days is longer.
_DAYS_SENT = text("""
SELECT DISTINCT (at AT TIME ZONE 'Asia/Shanghai')::date FROM quality.issue_event
WHERE kind = 'sent' AND at >= CAST(:begin AS timestamptz) - interval '40 days' AND at < :end
""")

_DELETE = text("""
DELETE FROM quality.owner_month
WHERE month = :month AND (CAST(:source AS text) IS NULL OR source = :source)
""")

_COUNTED = text("""
SELECT max(month) FROM quality.owner_month
WHERE month <= :this AND (CAST(:source AS text) IS NULL OR source = :source)
""")

_COMPUTE = text("""
WITH issues AS (
    SELECT fingerprint, source FROM quality.issue
    WHERE CAST(:source AS text) IS NULL OR source = :source
), happened AS (
    SELECT issues.source, event.kind, event.fingerprint, event.at, event.id
    FROM quality.issue_event AS event JOIN issues USING (fingerprint)
    WHERE event.at >= :begin AND event.at < :end
), counted AS (
    SELECT source,
        count(*) FILTER (WHERE kind IN ('opened', 'reopened')) AS found,
        count(*) FILTER (WHERE kind = 'sent') AS sent,
        count(DISTINCT fingerprint) FILTER (WHERE kind IN ('answered', 'confirmed')) AS answered,
        count(*) FILTER (WHERE kind = 'fixed') AS fixed,
        count(*) FILTER (WHERE kind = 'confirmed') AS confirmed,
        count(*) FILTER (WHERE kind = 'gone') AS gone
    FROM happened GROUP BY source
), limits AS (
    SELECT day, due FROM unnest(CAST(:days AS date[]), CAST(:due AS date[])) AS t (day, due)
), overdue_issues AS (
    SELECT issues.source, count(*) AS overdue
    FROM quality.issue_event AS notice JOIN issues USING (fingerprint)
    JOIN limits ON limits.day = (notice.at AT TIME ZONE 'Asia/Shanghai')::date
    WHERE notice.kind = 'sent' AND limits.due >= CAST(:month AS date)
        AND limits.due < CAST(:last AS date)
        AND NOT EXISTS (
            SELECT FROM quality.issue_event AS answer
            WHERE answer.fingerprint = notice.fingerprint AND answer.id > notice.id
                AND answer.kind IN ('answered', 'confirmed', 'fixed', 'missing', 'gone')
                AND (answer.at AT TIME ZONE 'Asia/Shanghai')::date <= limits.due
        )
    GROUP BY issues.source
), state_then AS (
    SELECT DISTINCT ON (event.fingerprint) issues.source, event.to_state
    FROM quality.issue_event AS event JOIN issues USING (fingerprint)
    WHERE event.to_state IS NOT NULL AND event.at < :end
    ORDER BY event.fingerprint, event.id DESC
), open_issues AS (
    SELECT source, count(*) AS still_open FROM state_then
    WHERE to_state NOT IN ('fixed', 'confirmed_correct') GROUP BY source
), state_before AS (
    SELECT DISTINCT ON (event.fingerprint) issues.source, event.to_state
    FROM quality.issue_event AS event JOIN issues USING (fingerprint)
    WHERE event.to_state IS NOT NULL AND event.at < :begin
    ORDER BY event.fingerprint, event.id DESC
), carried_issues AS (
    SELECT source, count(*) AS carried FROM state_before
    WHERE to_state NOT IN ('fixed', 'confirmed_correct') GROUP BY source
), durations AS (
    SELECT happened.source, happened.at - max(opened.at) AS duration
    FROM happened JOIN quality.issue_event AS opened USING (fingerprint)
    WHERE happened.kind IN ('fixed', 'confirmed')
        AND opened.kind IN ('opened', 'reopened') AND opened.id < happened.id
    GROUP BY happened.source, happened.id, happened.at
), median AS (
    SELECT source,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM duration) / 86400.0) AS days
    FROM durations GROUP BY source
)
INSERT INTO quality.owner_month (month, source, department, found, sent, answered, fixed,
    confirmed, overdue, still_open, median_days, carried, gone)
SELECT CAST(:month AS date), source, split_part(source, '__', 1), coalesce(found, 0),
    coalesce(sent, 0), coalesce(answered, 0), coalesce(fixed, 0), coalesce(confirmed, 0),
    coalesce(overdue, 0), coalesce(still_open, 0), days, coalesce(carried, 0), coalesce(gone, 0)
FROM counted FULL JOIN overdue_issues USING (source) FULL JOIN open_issues USING (source)
    FULL JOIN median USING (source) FULL JOIN carried_issues USING (source)
""")
