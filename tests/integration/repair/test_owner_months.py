"""What an owner made of his issues in a month, against counting by hand."""

from datetime import date, datetime

import pytest
from sqlalchemy import text

from pipelines.batch import CHINA
from pipelines.errors import CalendarUnknown
from pipelines.flows.source.report.score_news import read_months
from pipelines.standards.working_days import load_working_calendar
from pipelines.warehouse.quality.issues.owner_months import (
    compute_owner_months,
    read_owner_months,
    record_sent,
    refresh_owner_months,
)
from tests.integration.repair.conftest import BAD, GOOD, MENDED, Department, only

LAST_YEAR = max(load_working_calendar().years)
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
OTHER = ("3", "110101199003079990", "王五福", "男", "1990-03-07")


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=CHINA)


def after_midnight(day: str) -> datetime:
    return noon(day).replace(hour=0, minute=30)


@pytest.fixture
def june(department: Department) -> Department:
    """Two faults found on the 1st, told on the 2nd; one repaired on the 12th, one never.

    On the 2nd in China, while it is still the 1st by UTC; and of one of them the calendar did not
    know yet when it is due.
    """
    department.on(date(2026, 6, 1))
    department.receive("20260601", GOOD, BAD, OTHER)
    told = (department.engine, department.source.name, "20260601")
    assert record_sent(*told, after_midnight("2026-06-02")) == 2
    assert record_sent(*told, noon("2026-06-03")) == 0
    with department.engine.begin() as connection:
        one = "(SELECT min(fingerprint) FROM quality.issue)"
        connection.execute(
            text(f"UPDATE quality.issue SET due_date = NULL WHERE fingerprint = {one}")
        )
    department.on(date(2026, 6, 12))
    department.receive("20260612", GOOD, MENDED, OTHER)
    return department


def test_a_month_is_counted_from_the_history(june: Department):
    due = [row["due_date"] for row in june.query("SELECT due_date FROM quality.issue")]
    assert due == [date(2026, 6, 16)] * 2
    compute_owner_months(june.engine, JUNE, today=date(2026, 7, 10))
    figures = only(read_owner_months(june.engine, JUNE, JUNE))
    assert (figures.found, figures.sent, figures.fixed) == (2, 2, 1)
    assert (figures.overdue, figures.still_open, figures.median_days) == (1, 1, 11.0)
    compute_owner_months(june.engine, JUNE, today=date(2026, 7, 10))
    assert read_owner_months(june.engine, JUNE, JUNE) == [figures]


def test_nothing_is_overdue_before_its_day_has_passed(june: Department):
    compute_owner_months(june.engine, JUNE, today=date(2026, 6, 16))
    assert only(read_owner_months(june.engine, JUNE, JUNE)).overdue == 0


def test_what_waits_is_carried_into_the_next_month(june: Department):
    compute_owner_months(june.engine, JULY, today=date(2026, 7, 10))
    figures = only(read_owner_months(june.engine, JULY, JULY))
    assert (figures.found, figures.still_open, figures.median_days) == (0, 1, None)


def test_a_mail_about_another_batch_tells_of_nothing(department: Department):
    department.receive("20260601", GOOD, BAD)
    source = department.source.name
    assert record_sent(department.engine, source, "20260531", noon("2026-06-02")) == 0
    covered = ["20260531", "20260601"]
    assert record_sent(department.engine, source, "20260607", noon("2026-06-02"), covered) == 1


def test_tracking_counts_the_month_so_far_and_the_one_before_it(june: Department):
    figures = only(read_owner_months(june.engine, JUNE, JULY))
    assert (figures.month, figures.found, figures.fixed, figures.overdue) == (JUNE, 2, 1, 0)
    refresh_owner_months(june.engine, date(2026, 8, 3))
    told = read_owner_months(june.engine, JUNE, date(2026, 8, 1))
    for row in told:
        closed = row.fixed + row.confirmed + row.gone
        assert row.carried + row.found - closed == row.still_open, row.month
    assert [row.carried for row in told[1:]] == [row.still_open for row in told[:-1]]
    assert [(row.month.month, row.overdue, row.still_open) for row in told] == [
        (6, 1, 1),
        (7, 0, 1),
        (8, 0, 1),
    ]


def test_the_months_of_one_source_leave_those_of_others_alone(june: Department):
    refresh_owner_months(june.engine, date(2026, 7, 10), source="civil_affairs__marriages")
    assert only(read_owner_months(june.engine, JUNE, JULY)).overdue == 0
    refresh_owner_months(june.engine, date(2026, 7, 10), source=june.source.name)
    assert [row.overdue for row in read_owner_months(june.engine, JUNE, JULY)] == [1, 0]


def test_a_limit_beyond_the_calendar_is_no_matter_until_somebody_must_know(june: Department):
    told = (june.engine, june.source.name, "20260612")
    with june.engine.begin() as connection:
        connection.execute(text("UPDATE quality.issue SET state = 'open' WHERE state = 'sent'"))
    assert record_sent(*told, noon(f"{LAST_YEAR}-12-28")) == 1
    december = date(LAST_YEAR, 12, 1)
    compute_owner_months(june.engine, december, date(LAST_YEAR, 12, 31))
    assert only(read_owner_months(june.engine, december, december)).sent == 1
    with pytest.raises(CalendarUnknown):
        compute_owner_months(june.engine, date(LAST_YEAR + 1, 1, 1), date(LAST_YEAR + 1, 1, 20))


def test_the_report_shows_the_months_that_were_tracked(june: Department):
    june.on(date(2026, 7, 10))
    refresh_owner_months(june.engine, date(2026, 7, 10))
    told = read_months(june.engine, june.source, date(2026, 7, 10))
    assert [(month, row.found, row.overdue) for month, row in told] == [(JUNE, 2, 1), (JULY, 0, 0)]
    assert {(row.department, row.dataset) for _, row in told} == {("示范市公安局", "人口")}
