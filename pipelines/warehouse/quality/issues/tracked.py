"""Issue tracking, ``quality.issue`` and its events, set-based: 200 thousand take seconds.

The changes of a batch come in by binary COPY into a temporary table, and a handful of statements
apply them, in one transaction that locks the source's issues. Applying them again changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as postgres
import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.errors import BaselibError, DatabaseUnavailable
from pipelines.quality.issues import TRACKED_ISSUE_SCHEMA
from pipelines.settings import Settings
from pipelines.stage.overlay import LEDGER_SCHEMA
from pipelines.standards.working_days import load_working_calendar
from pipelines.warehouse.server.database import database_url, shown_url
from pipelines.warehouse.server.locks import take_lock_by_cursor


@dataclass
class IssuesNotKept(BaselibError):
    """PostgreSQL did not take what happened to the issues of a source; nothing was written."""

    source: str
    problem: str

    def __str__(self) -> str:
        return (
            f"{self.source}: the issues were not updated, and are as they were: {self.problem}. "
            "Put that right and run track again; nothing has to be undone."
        )


@dataclass(frozen=True)
class IssueSession:
    """One transaction about the issues of one source. Made by ``open_issues``."""

    cursor: Any
    source: Source

    def read_layer(self, layer: str) -> pa.Table:
        """The issues of a layer: ``TRACKED_ISSUE_SCHEMA`` of ``quality/issues.py``."""
        return self._read(_TRACKED, (self.source.name, layer))

    def apply(
        self, changes: pa.RecordBatchReader, *, layer: str, batch: str, when: datetime
    ) -> Mapping[str, int]:
        """Apply what ``issue_changes`` found; returns how many issues each action applies to."""
        self.cursor.execute(_CHANGE)
        self.cursor.adbc_ingest("change", changes, mode="append", temporary=True)
        self.cursor.execute("ANALYZE change")
        at = when.isoformat()
        self._run(_INSERT_EVENTS, (batch, at))
        self._run(_OPEN, (self.source.name, self.source.department, layer, batch, at))
        self._run(_UPDATE_SEEN, (batch,))
        self._run(_REOPEN, (at,))
        self.cursor.execute(_SET_NOT_FIXED)
        self._run(_BACKDATE, (batch,))
        self._run(_CLOSE, (batch, at))
        self._run(_MARK_MISSING, (batch,))
        self.cursor.execute(_FOUND_AGAIN)
        counted = self.cursor.execute("SELECT action, count(*) FROM change GROUP BY action")
        counts = Counter({str(action): int(count) for action, count in counted.fetchall()})
        self.cursor.execute("DROP TABLE change")
        return counts

    def ledger(self) -> pa.Table:
        """The correction ledger of the source: ``LEDGER_SCHEMA`` of ``stage/overlay.py``."""
        return self._read(_LEDGER, (self.source.name,))

    def retire(self, overtaken: pa.Table, batch: str, when: datetime) -> None:
        """Retire ledger entries, ``id`` and ``why`` of each, with an event for their issues."""
        self.cursor.execute("CREATE TEMPORARY TABLE overtaken (id bigint, why text) ON COMMIT DROP")
        self.cursor.adbc_ingest("overtaken", overtaken, mode="append", temporary=True)
        self._run(_RETIRE, (batch, when.isoformat()))
        self.cursor.execute("DROP TABLE overtaken")

    def count_open(self) -> int:
        """Number of open issues of the source."""
        row = self.cursor.execute(
            "SELECT count(*) FROM quality.issue WHERE source = $1::text"
            " AND state NOT IN ('fixed', 'confirmed_correct')",
            (self.source.name,),
        ).fetchone()
        return int(row[0])

    def lack_due_dates(self) -> bool:
        """Whether an issue was sent and has no due date yet."""
        found = self.cursor.execute(_SENT_WITHOUT_DUE_DATE, (self.source.name,))
        return bool(found.fetchall())

    def set_due_dates(self) -> None:
        """Give every issue that was sent its due date.

        Raises:
            CalendarUnknown: one reaches into a year that the calendar does not have.
        """
        for (day,) in self.cursor.execute(_SENT_WITHOUT_DUE_DATE, (self.source.name,)).fetchall():
            due = load_working_calendar().due(day)
            self._run(_SET_DUE, (self.source.name, day.isoformat(), due.isoformat()))

    def _read(self, query: str, parameters: tuple[object, ...]) -> pa.Table:
        self.cursor.execute(query, parameters)
        return self.cursor.fetch_arrow_table()

    def _run(self, statement: str, parameters: tuple[object, ...]) -> None:
        self.cursor.execute(statement, parameters)


@contextmanager
def open_issues(settings: Settings, source: Source) -> Iterator[IssueSession]:
    """Lock the issues of a source for one transaction; committed when the block ends well.

    Raises:
        DatabaseUnavailable: PostgreSQL cannot be reached.
        IssuesNotKept: it refused what it was given.
    """
    url = database_url(settings)
    try:
        connection = postgres.connect(url, autocommit=False)
    except adbc_driver_manager.Error as failed:
        raise DatabaseUnavailable(shown_url(url), _first_line(failed)) from None
    with connection:
        try:
            with connection.cursor() as cursor:
                take_lock_by_cursor(cursor, f"issues {source.name}")
                yield IssueSession(cursor, source)
            connection.commit()
        except adbc_driver_manager.Error as failed:
            raise IssuesNotKept(source.name, _first_line(failed)) from None


def _first_line(failed: adbc_driver_manager.Error) -> str:
    """First line of PostgreSQL's error, without the detail, which quotes values."""
    return str(failed).splitlines()[0].removeprefix("INVALID_DATA: ").strip()


_CHANGE = """
CREATE TEMPORARY TABLE change (
    fingerprint text COLLATE "C", record text, column_name text, rule text, severity text,
    batch text, file text, line bigint, is_quarantined boolean, value_digest text,
    other_record text, action text
) ON COMMIT DROP"""

_INSERT_EVENTS = """
INSERT INTO quality.issue_event (fingerprint, kind, from_state, to_state, batch, at)
SELECT change.fingerprint, action, issue.state,
    CASE action WHEN 'opened' THEN 'open' WHEN 'reopened' THEN 'open'
        WHEN 'not_fixed' THEN 'not_fixed' WHEN 'fixed' THEN 'fixed' END,
    $1::text, CAST($2::text AS timestamptz)
FROM change LEFT JOIN quality.issue AS issue USING (fingerprint)
WHERE action IN ('opened', 'reopened', 'not_fixed', 'fixed', 'missing')
ORDER BY change.fingerprint"""

_OPEN = """
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, batch, file, line, is_quarantined, value_digest,
    other_record, found_at)
SELECT fingerprint, $1::text, $2::text, $3::text, record, column_name, rule,
    severity, 'open', $4::text, $4::text, batch, file, line, is_quarantined, value_digest,
    other_record, CAST($5::text AS timestamptz)
FROM change WHERE action = 'opened'"""

_UPDATE_SEEN = """
UPDATE quality.issue AS issue SET last_batch = $1::text, severity = change.severity,
    batch = change.batch, file = change.file, line = change.line,
    is_quarantined = change.is_quarantined, value_digest = change.value_digest,
    other_record = change.other_record
FROM change
WHERE change.fingerprint = issue.fingerprint AND action IN ('seen', 'reopened', 'not_fixed')
    AND (issue.last_batch, issue.severity, issue.batch, issue.file, issue.line,
        issue.is_quarantined, issue.value_digest, issue.other_record)
    IS DISTINCT FROM ($1::text, change.severity, change.batch, change.file, change.line,
        change.is_quarantined, change.value_digest, change.other_record)"""

_REOPEN = """
UPDATE quality.issue AS issue SET state = 'open', reopened = reopened + 1,
    found_at = CAST($1::text AS timestamptz), told_digest = NULL, sent_at = NULL, due_date = NULL,
    answered_at = NULL, closed_at = NULL, closed_batch = NULL, closed_how = NULL
FROM change WHERE change.fingerprint = issue.fingerprint AND action = 'reopened'"""

_SET_NOT_FIXED = """
UPDATE quality.issue AS issue SET state = 'not_fixed'
FROM change WHERE change.fingerprint = issue.fingerprint AND action = 'not_fixed'"""

_BACKDATE = """
UPDATE quality.issue AS issue SET first_batch = $1::text
FROM change WHERE change.fingerprint = issue.fingerprint AND action = 'older'"""

_CLOSE = """
UPDATE quality.issue AS issue SET state = 'fixed', closed_batch = $1::text,
    closed_at = CAST($2::text AS timestamptz), closed_how = 'repaired'
FROM change WHERE change.fingerprint = issue.fingerprint AND action = 'fixed'"""

_MARK_MISSING = """
UPDATE quality.issue AS issue SET missing_since = $1::text
FROM change WHERE change.fingerprint = issue.fingerprint AND action = 'missing'"""

_FOUND_AGAIN = """
UPDATE quality.issue AS issue SET missing_since = NULL
FROM change WHERE change.fingerprint = issue.fingerprint AND missing_since IS NOT NULL
    AND action IN ('seen', 'reopened', 'not_fixed', 'fixed')"""

_TRACKED = f"""
SELECT {", ".join(TRACKED_ISSUE_SCHEMA)}
FROM quality.issue WHERE source = $1::text AND layer = $2::text"""  # noqa: S608 - names of a schema

_LEDGER = f"""
SELECT {", ".join(LEDGER_SCHEMA)}
FROM quality.correction WHERE source = $1::text ORDER BY id"""  # noqa: S608 - names of a schema

_RETIRE = """
WITH retired AS (
    UPDATE quality.correction AS entry SET retired_why = overtaken.why, retired_batch = $1::text,
        retired_at = CAST($2::text AS timestamptz)
    FROM overtaken WHERE overtaken.id = entry.id AND entry.retired_batch IS NULL
    RETURNING entry.fingerprint, entry.retired_why
)
INSERT INTO quality.issue_event (fingerprint, kind, batch, at, note)
SELECT fingerprint, 'correction_retired', $1::text, CAST($2::text AS timestamptz), retired_why
FROM retired ORDER BY fingerprint"""

_SENT_WITHOUT_DUE_DATE = """
SELECT DISTINCT (sent_at AT TIME ZONE 'Asia/Shanghai')::date FROM quality.issue
WHERE source = $1::text AND sent_at IS NOT NULL AND due_date IS NULL"""

_SET_DUE = """
UPDATE quality.issue SET due_date = CAST($3::text AS date)
WHERE source = $1::text AND due_date IS NULL
    AND (sent_at AT TIME ZONE 'Asia/Shanghai')::date = CAST($2::text AS date)"""
