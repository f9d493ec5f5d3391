"""What an owner made of his issues in a month, against counting by hand."""

from datetime import date, datetime

import pytest

from pipelines.batch import CHINA
from pipelines.warehouse.owner_months import (
    compute_owner_months,
    note_sent,
    read_owner_months,
)
from tests.integration.repair.conftest import BAD, GOOD, MENDED, Department, only

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
OTHER = ("3", "110101199003079990", "王五福", "男", "1990-03-07")


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=CHINA)


@pytest.fixture
def june(department: Department) -> Department:
    """Two faults found on the 1st, told on the 2nd; one repaired on the 12th, one never."""
    department.on(date(2026, 6, 1))
    department.receive("20260601", GOOD, BAD, OTHER)
    told = (department.engine, department.source.name, "20260601")
    assert note_sent(*told, noon("2026-06-02")) == 2
    assert note_sent(*told, noon("2026-06-03")) == 0
    department.on(date(2026, 6, 12))
    department.receive("20260612", GOOD, MENDED, OTHER)
    return department


def test_a_month_is_counted_from_the_history(june: Department):
    due = {row["due_date"] for row in june.query("SELECT due_date FROM quality.issue")}
    assert due == {date(2026, 6, 16)}
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
    assert note_sent(department.engine, source, "20260531", noon("2026-06-02")) == 0
    covered = ["20260531", "20260601"]
    assert note_sent(department.engine, source, "20260607", noon("2026-06-02"), covered) == 1
