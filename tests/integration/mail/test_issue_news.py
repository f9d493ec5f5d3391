"""What the report says of repairs: since the last report was sent, and this batch included."""

from datetime import date

import pytest
from sqlalchemy import text

from pipelines.warehouse import connect, migrate
from pipelines.warehouse.quality.issues.news import IssueNews, read_issue_news

ISSUE = """
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, batch, value_digest, found_at, due_date,
    missing_since, closed_at)
VALUES (:name, :source, 'a', 'batch', :name, '', 'NO_KEY', 'error', :state, '1', '1', '1', '',
    now(), CAST(:due AS date), :missing,
    CASE WHEN :state IN ('fixed', 'confirmed_correct') THEN now() END)"""
EVENT = "INSERT INTO quality.issue_event (fingerprint, kind, batch, at) VALUES (:n, :k, :b, now())"


@pytest.fixture
def issues(settings):
    migrate(settings)
    engine = connect(settings)

    def add(name, state, *events, source="a__b", due=None, missing=None):
        with engine.begin() as connection:
            told = {"name": name, "source": source, "state": state, "due": due}
            told["missing"] = missing
            connection.execute(text(ISSUE), told)
            for kind, batch in events:
                connection.execute(text(EVENT), {"n": name, "k": kind, "b": batch})

    add.read = lambda batch, since=None: read_issue_news(
        engine, "a__b", batch, date(2026, 7, 10), since
    )
    yield add
    engine.dispose()


def test_only_what_happened_since_the_last_report_counts(issues):
    issues("old", "fixed", ("opened", "20260628"), ("fixed", "20260629"))
    issues("told", "sent", ("opened", "20260629"), ("sent", "20260629"), due="2026-07-09")
    issues("right", "confirmed_correct", ("confirmed", "20260629"))
    issues("mended", "fixed", ("fixed", "20260630"))
    gone = {"due": "2026-07-01", "missing": "20260630"}
    issues("gone", "sent", ("missing", "20260630"), **gone)
    issues("back", "open", ("reopened", "20260630"))
    issues("fresh", "sent", ("opened", "20260630"), due="2026-07-14")
    issues("other", "open", ("opened", "20260630"), source="c__d")
    assert issues.read("20260630") == IssueNews(
        fixed=1,
        missing=1,
        confirmed=1,
        returned=1,
        new=1,
        still_open=3,
        overdue=1,
        due=date(2026, 7, 14),
        last_event=9,
    )


def test_where_no_report_was_ever_sent_the_batch_itself_counts(issues):
    issues("old", "open", ("opened", "20260629"))
    issues("fresh", "open", ("opened", "20260630"))
    news = issues.read("20260630")
    assert (news.new, news.still_open, news.due) == (1, 2, None)


def test_the_tenth_batch_of_a_day_comes_after_the_ninth(issues):
    issues("told", "sent", ("opened", "20260630-9"), ("sent", "20260630-9"))
    issues("mended", "fixed", ("fixed", "20260630-10"))
    assert issues.read("20260630-10").fixed == 1
    assert issues.read("20260630-9").fixed == 0


def test_what_happened_after_a_report_was_written_is_told_though_that_mail_was_never_sent(issues):
    issues("old", "confirmed_correct", ("opened", "20260629"))
    written = issues.read("20260629").last_event
    issues("right", "confirmed_correct", ("confirmed", "20260629"))
    issues("fresh", "open", ("opened", "20260630"))
    issues("other", "open", ("opened", "20260630"), source="c__d")
    news = issues.read("20260630", written)
    assert (news.confirmed, news.new) == (1, 1)
    assert issues.read("20260630", news.last_event).confirmed == 0
