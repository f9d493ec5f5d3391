"""Cells of registers: days, numbers and lists as people and spreadsheets write them, and faults."""

import re
from dataclasses import dataclass
from datetime import date

_PARTED = re.compile(r"[、,，;；|\s]+")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_NUMBER = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)\s*(%|％|万元|人|次)?")


@dataclass(frozen=True)
class SheetFault:
    """What is wrong with a row of a register: line, title of the column, and the remedy."""

    line: int
    name: str  # what the row is about
    column: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        name = self.name or "未命名"
        return f"第 {self.line} 行（{name}）{self.column}：{self.problem}{self.remedy}"


def read_parts(text: str) -> frozenset[str]:
    """The parts of a list, without order."""
    return frozenset(part for part in _PARTED.split(text) if part)


def read_day(text: str) -> date | None:
    """A day, or the first of a month; times of day that a spreadsheet adds do not count."""
    found = _DAY.fullmatch(_TIME.sub("", text))
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return None


def read_number(text: str, is_share: bool) -> float | None:
    """A number. A share is written with a per-cent sign, as 0.035, or, above 1, as per cent."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    value = float(found[1].replace(",", ""))
    return value / 100 if found[2] in ("%", "％") or (is_share and value > 1) else value
