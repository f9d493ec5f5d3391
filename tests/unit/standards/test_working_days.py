"""Working days: every day against another calendar, limits against counting day by day."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import CalendarUnknown, DeclarationRefused
from pipelines.standards.working_days import load_working_calendar

CALENDAR = load_working_calendar()
FIRST, LAST = date(2018, 1, 1), date(2026, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def test_every_day_is_as_another_calendar_has_it():
    differs = [d for d in DAYS if CALENDAR.is_working_day(d) != chinese_calendar.is_workday(d)]
    assert differs == []
    assert CALENDAR.years == set(range(2018, 2027))


def test_the_day_of_receipt_is_not_counted():
    assert CALENDAR.due(date(2026, 6, 1)) == date(2026, 6, 15)  # Monday; no holiday between
    assert CALENDAR.due(date(2026, 6, 5), 1) == date(2026, 6, 8)  # Friday to Monday
    assert CALENDAR.due(date(2026, 6, 6), 1) == date(2026, 6, 8)  # received on a Saturday


def test_holidays_are_left_out_and_days_worked_instead_are_counted():
    # Received on 2026-02-13, the last Friday before the Spring Festival (15 to 23 February);
    # Saturday the 14th and Saturday the 28th are worked.
    assert CALENDAR.due(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert CALENDAR.due(date(2026, 2, 13), 5) == date(2026, 2, 27)
    assert CALENDAR.due(date(2026, 2, 13), 6) == date(2026, 2, 28)


@given(st.sampled_from(DAYS[:-60]), st.integers(1, 20))
def test_a_limit_ends_on_the_working_day_that_completes_it(received, days):
    due = CALENDAR.due(received, days)
    counted = [received + timedelta(days=n) for n in range(1, (due - received).days + 1)]
    assert sum(chinese_calendar.is_workday(day) for day in counted) == days
    assert chinese_calendar.is_workday(due)
    assert CALENDAR.working_days_between(received, due) == days


def test_a_year_that_is_not_known_is_refused_with_the_file_to_extend():
    with pytest.raises(CalendarUnknown, match=r"2027.*working_days\.csv"):
        CALENDAR.due(date(2026, 12, 24))
    with pytest.raises(CalendarUnknown):
        CALENDAR.is_working_day(date(2017, 12, 31))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("2026-13-01,holiday,元旦", "line 2: '2026-13-01' is no date"),
        ("2026-01-01,feast,元旦", "line 2: 'feast' is no kind"),
        ("2026-01-01,holiday,元旦\n2026-01-01,working_day,元旦", "line 3: this day is there twice"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, lines, problem):
    file = tmp_path / "calendar.csv"
    file.write_text(f"date,kind,name\n{lines}\n", encoding="utf-8")
    with pytest.raises(DeclarationRefused, match=problem):
        load_working_calendar(file)
