"""Issues that were told to their owners, and what each owner made of them in a month.

The figures are counted from the history of issues, so that a month can be computed again at any
time and says the same, whatever has happened since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, text

from pipelines.batch import CHINA
from pipelines.errors import CalendarUnknown
from pipelines.standards.working_days import load_working_calendar


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


def note_sent(
    engine: Engine,
    source: str,
    batch: str,
    when: datetime,
    batches: Sequence[str] | None = None,
) -> int:
    """Note that the owner of a source has been told of its issues; answers how many are new to him.

    To be called when the mail that carries them has been accepted; a repeat changes nothing. The
    time limit begins: 10 working days, the day itself not counted. Where the calendar does not
    reach so far, ``track`` sets the due date later, and complains until it can.

    Args:
        engine: The warehouse.
        source: Whose mail.
        batch: The batch that the mail is about.
        when: With time zone.
        batches: All batches that the mail covers, if it is a digest.
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
    }
    with engine.begin() as connection:
        return connection.execute(_NOTE_SENT, parameters).rowcount


def compute_owner_months(engine: Engine, month: date, today: date) -> None:
    """Replace the figures of a month in ``quality.owner_month``.

    Args:
        engine: The warehouse.
        month: Its first day.
        today: What is due later is not overdue yet.

    Raises:
        CalendarUnknown: a time limit reaches into a year that the calendar does not have.
    """
    end = (month + timedelta(days=31)).replace(day=1)
    bounds = {"begin": _midnight(month), "end": _midnight(end)}
    with engine.begin() as connection:
        days = connection.execute(_DAYS_SENT, bounds)
        sent = [row[0] for row in days]
        due = [load_working_calendar().due(day) for day in sent]
        connection.execute(text("DELETE FROM quality.owner_month WHERE month = :m"), {"m": month})
        parameters = {"month": month, "last": min(end, today), "days": sent, "due": due}
        connection.execute(_COMPUTE, {**bounds, **parameters})


def read_owner_months(
    engine: Engine, since: date, until: date, source: str | None = None
) -> list[OwnerMonth]:
    """The figures of the months from ``since`` to ``until`` (first days), by month and source."""
    names = ", ".join(OwnerMonth.__dataclass_fields__)
    query = text(
        f"SELECT {names} FROM quality.owner_month"  # noqa: S608 - names of a class
        " WHERE month BETWEEN :since AND :until AND (CAST(:source AS text) IS NULL"
        " OR source = :source) ORDER BY month, source"
    )
    with engine.connect() as connection:
        found = connection.execute(query, {"since": since, "until": until, "source": source})
        return [OwnerMonth(**row) for row in found.mappings()]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


_NOTE_SENT = text("""
WITH told AS (
    UPDATE quality.issue SET state = 'sent', sent_at = :at, due_date = CAST(:due AS date),
        told_digest = value_digest
    WHERE source = :source AND state = 'open'
        AND (layer <> 'batch' OR last_batch = ANY (CAST(:batches AS text[])))
    RETURNING fingerprint
)
INSERT INTO quality.issue_event (fingerprint, kind, from_state, to_state, batch, at)
SELECT fingerprint, 'sent', 'open', 'sent', :batch, :at FROM told ORDER BY fingerprint
""")

# Forty days before the month: no time limit of ten working days is longer.
_DAYS_SENT = text("""
SELECT DISTINCT (at AT TIME ZONE 'Asia/Shanghai')::date FROM quality.issue_event
WHERE kind = 'sent' AND at >= CAST(:begin AS timestamptz) - interval '40 days' AND at < :end
""")

_COMPUTE = text("""
WITH happened AS (
    SELECT issue.source, event.kind, event.fingerprint, event.at, event.id
    FROM quality.issue_event AS event JOIN quality.issue AS issue USING (fingerprint)
    WHERE event.at >= :begin AND event.at < :end
), counted AS (
    SELECT source,
        count(*) FILTER (WHERE kind IN ('opened', 'reopened')) AS found,
        count(*) FILTER (WHERE kind = 'sent') AS sent,
        count(*) FILTER (WHERE kind IN ('answered', 'confirmed')) AS answered,
        count(*) FILTER (WHERE kind IN ('fixed', 'gone')) AS fixed,
        count(*) FILTER (WHERE kind = 'confirmed') AS confirmed
    FROM happened GROUP BY source
), limits AS (
    SELECT day, due FROM unnest(CAST(:days AS date[]), CAST(:due AS date[])) AS t (day, due)
), late AS (
    SELECT issue.source, count(*) AS overdue
    FROM quality.issue_event AS told JOIN quality.issue AS issue USING (fingerprint)
    JOIN limits ON limits.day = (told.at AT TIME ZONE 'Asia/Shanghai')::date
    WHERE told.kind = 'sent' AND limits.due >= CAST(:month AS date)
        AND limits.due < CAST(:last AS date)
        AND NOT EXISTS (
            SELECT FROM quality.issue_event AS answer
            WHERE answer.fingerprint = told.fingerprint AND answer.id > told.id
                AND answer.kind IN ('answered', 'confirmed', 'fixed', 'gone')
                AND (answer.at AT TIME ZONE 'Asia/Shanghai')::date <= limits.due
        )
    GROUP BY issue.source
), state_then AS (
    SELECT DISTINCT ON (fingerprint) fingerprint, to_state FROM quality.issue_event
    WHERE to_state IS NOT NULL AND at < :end ORDER BY fingerprint, id DESC
), waiting AS (
    SELECT issue.source, count(*) AS still_open
    FROM state_then JOIN quality.issue AS issue USING (fingerprint)
    WHERE to_state NOT IN ('fixed', 'confirmed_correct') GROUP BY issue.source
), took AS (
    SELECT happened.source, happened.at - max(opened.at) AS lasted
    FROM happened JOIN quality.issue_event AS opened USING (fingerprint)
    WHERE happened.kind IN ('fixed', 'gone', 'confirmed')
        AND opened.kind IN ('opened', 'reopened') AND opened.id < happened.id
    GROUP BY happened.source, happened.id, happened.at
), median AS (
    SELECT source,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM lasted) / 86400.0) AS days
    FROM took GROUP BY source
)
INSERT INTO quality.owner_month (month, source, department, found, sent, answered, fixed,
    confirmed, overdue, still_open, median_days)
SELECT CAST(:month AS date), source, split_part(source, '__', 1), coalesce(found, 0),
    coalesce(sent, 0), coalesce(answered, 0), coalesce(fixed, 0), coalesce(confirmed, 0),
    coalesce(overdue, 0), coalesce(still_open, 0), days
FROM counted FULL JOIN late USING (source) FULL JOIN waiting USING (source)
    FULL JOIN median USING (source)
""")
