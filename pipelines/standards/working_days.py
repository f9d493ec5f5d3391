"""Working days (工作日) of mainland China, with the days that the State Council moves each year.

The calendar is data: ``working_days.csv`` lists each public holiday and each weekend day that is
worked instead (调休), from the yearly notice of the General Office of the State Council
(国务院办公厅关于部分节假日安排的通知). A year that is not in it is refused, never guessed: counting
Monday to Friday is wrong by more than a week around the Spring Festival.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from pipelines.errors import CalendarUnknown, DeclarationRefused

CALENDAR_FILE = Path(__file__).with_name("working_days.csv")
CORRECTION_DAYS = 10  # 《政务数据共享条例》第二十六条: verified, corrected and answered within
_KINDS = ("holiday", "working_day")


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked: ``moved`` holds only the days that a notice names."""

    moved: Mapping[date, Literal["holiday", "working_day"]]
    years: frozenset[int]
    file: Path

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open.

        Raises:
            CalendarUnknown: the calendar does not have that year.
        """
        if day.year not in self.years:
            raise CalendarUnknown(day.year, sorted(self.years), self.file)
        moved = self.moved.get(day)
        return moved == "working_day" if moved else day.weekday() < 5

    def due(self, received: date, working_days: int = CORRECTION_DAYS) -> date:
        """The last day of a time limit; the day of receipt is not counted.

        Raises:
            CalendarUnknown: the limit reaches into a year that the calendar does not have.
        """
        day, left = received, working_days
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, earlier: date, later: date) -> int:
        """How many working days lie after ``earlier``, up to and with ``later``.

        Raises:
            CalendarUnknown: the calendar does not have one of the years.
        """
        days = (earlier + timedelta(days=n) for n in range(1, (later - earlier).days + 1))
        return sum(self.is_working_day(day) for day in days)


@cache
def load_working_calendar(file: Path = CALENDAR_FILE) -> WorkingCalendar:
    """The calendar of a file with the columns ``date, kind, name``; a year is known if it has rows.

    Raises:
        DeclarationRefused: a line has no date, another kind, or a day that another line has.
    """
    moved: dict[date, Literal["holiday", "working_day"]] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            day = _day(file, number, row.get("date"))
            kind = row.get("kind")
            if kind not in _KINDS or day in moved:
                problem = "this day is there twice" if day in moved else f"{kind!r} is no kind"
                raise DeclarationRefused(
                    file, f"line {number}", f"{problem}.", f"Write one of {', '.join(_KINDS)}."
                )
            moved[day] = kind  # type: ignore[assignment]
    return WorkingCalendar(moved, frozenset(day.year for day in moved), file)


def _day(file: Path, number: int, text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise DeclarationRefused(
            file, f"line {number}", f"{text!r} is no date.", "Write YYYY-MM-DD."
        ) from None
