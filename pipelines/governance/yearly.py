"""Tasks of every year with their days (``governance/duties.yml``): the report by 28 February."""

import calendar as month_lengths
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ConfigDict

from pipelines.errors import DeclarationRefused
from pipelines.governance.duties import DUTY_COLUMNS, Duty
from pipelines.standards.declared import build, read_yaml

FILE_NAME = "duties.yml"
_STRICT = ConfigDict(extra="forbid")
_MONTH_DAY = re.compile(r"(\d{2})-(\d{2})")


@dataclass(frozen=True)
class YearlyTask:
    """What is due each year: ``due`` as month and day; ``done``: the days when it was done."""

    __pydantic_config__ = _STRICT

    title: str
    department: str  # title
    due: str
    since: int  # first year in which it is due
    done: Sequence[date] = ()


@dataclass(frozen=True)
class _File:
    __pydantic_config__ = _STRICT

    yearly: Sequence[YearlyTask]


def read_yearly(folder: Path) -> Sequence[YearlyTask]:
    """The tasks of a site; none where there is no file.

    Raises:
        DeclarationRefused: the file cannot work.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return ()
    declared: _File = build(_File, read_yaml(file), file)
    for place, task in enumerate(declared.yearly):
        found = _MONTH_DAY.fullmatch(task.due)
        if not found or not 1 <= int(found[1]) <= 12 or not 1 <= int(found[2]) <= 31:
            remedy = "Write month and day: '02-28'."
            raise DeclarationRefused(file, f"yearly.{place}.due", "is no day.", remedy)
    return declared.yearly


def duties_of_years(tasks: Sequence[YearlyTask], today: date) -> Iterator[Duty]:
    """The last and the next duty of each task; what was done in its year is done."""
    for task in tasks:
        for year in range(max(task.since, today.year - 1), today.year + 2):
            due = _day(task.due, year)
            begun = date(year, 1, 1)
            if begun > today:
                break
            done = next((day for day in task.done if day.year == year), None)
            texts = dict.fromkeys(DUTY_COLUMNS, "") | {
                "kind": "年度任务",
                "department": task.department,
                "subject": f"{task.title}（{year} 年）",
                "received": begun.isoformat(),
                "done": done.isoformat() if done else "",
            }
            yield Duty(0, texts, "yearly", begun, done, extended=False, due=due)


def _day(text: str, year: int) -> date:
    """The day in a year; of a month that is shorter, its last."""
    month, day = int(text[:2]), int(text[3:])
    return date(year, month, min(day, month_lengths.monthrange(year, month)[1]))
