"""Issues answered within their limit, counted in a real PostgreSQL."""

from datetime import date

from sqlalchemy import text

from pipelines.warehouse.quality.issues.answers_in_time import read_answers_in_time

INSERT = text("""
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, value_digest, found_at, due_date, answered_at,
    closed_at, closed_how)
VALUES (:name, 'health__births', '卫生健康委', 'batch', 'r', '', 'NO_KEY', 'error', :state,
    '20260601', '20260601', 'd', '2026-06-01T08:00+08:00', CAST(:due AS date),
    CAST(:answered AS timestamptz), CAST(:closed AS timestamptz), :how)""")


def issue(warehouse, name, due, answered=None, closed=None, how=None):
    state = "fixed" if closed else "sent"
    about = {"name": name, "due": due, "answered": answered, "closed": closed, "how": how}
    with warehouse.begin() as connection:
        connection.execute(INSERT, {**about, "state": state})


def test_the_day_counts_by_the_clock_of_the_city_and_what_is_gone_does_not_count(warehouse):
    issue(warehouse, "on the last evening", "2026-06-15", answered="2026-06-15T15:59:00Z")
    issue(warehouse, "after midnight", "2026-06-15", answered="2026-06-15T16:01:00Z")
    issue(warehouse, "repaired", "2026-06-15", closed="2026-06-10T03:00:00Z", how="repaired")
    issue(warehouse, "gone", "2026-06-15", closed="2026-06-10T03:00:00Z", how="record_gone")
    issue(warehouse, "no answer", "2026-06-15")
    issue(warehouse, "not yet due", "2026-07-15")
    issue(warehouse, "answered before it was due", "2026-07-15", answered="2026-06-20T03:00:00Z")
    issue(warehouse, "of another year", "2025-12-30")
    issue(warehouse, "not sent", None)
    found = read_answers_in_time(warehouse, date(2026, 1, 1), date(2026, 6, 30))
    assert found == {"health__births": (3, 5)}
    assert read_answers_in_time(warehouse, date(2026, 1, 1), date(2026, 6, 15)) == {
        "health__births": (2, 2)
    }
