"""Answers that slipped in the sheet: into another column, by some rows, or all by one shift.

A value may be right in form and stand in the wrong place: a date typed where the address belongs, a
block of cells pasted one row too low, dates that a spreadsheet has moved by 1,462 days. Each is
only suspected here, so that a person looks before it is kept. Pure functions of texts.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Kind = Literal["date", "number", "telephone", "address"]
Slip = Literal["SLIPPED_COLUMN", "SLIPPED_ROW", "SAME_SHIFT"]

_DATE: Final = re.compile(
    r"(1[89]|20)\d\d(?:(?P<s>[-/.])\d{1,2}(?P=s)\d{1,2}|\d{4}|年\d{1,2}月\d{1,2}日?)(?: 00:00:00)?"
)
_NUMBER: Final = re.compile(r"[0-9A-Z]{15,20}|\d{12,}", re.IGNORECASE)
_TELEPHONE: Final = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}")
_ADDRESS: Final = re.compile(r"..+[省市区县].*(?:路|街|巷|道|村|号|镇|乡|楼|室|组)")
# What a column of free text takes although it is something else; a parser refuses the rest.
_STRANGE: Final[Mapping[str, Sequence[Kind]]] = {
    "address": ("date", "number", "telephone"),
    "person_name": ("date", "number", "telephone", "address"),
    "organization_name": ("date", "number", "telephone"),
}
LEAST_SHIFTED = 5  # values moved by the same number of days before somebody should look
LEAST_SLIPPED = 3  # rows that fit their neighbour's value
_LONG = 6  # characters; shorter values resemble each other by chance
_SHIFTS = (1, -1, 2, -2)
_MOST_EDITS = 2


@dataclass(frozen=True)
class Typed:
    """A correction, what it replaces, and where it stands: ``row`` of its sheet, from the top."""

    issue: str
    sheet: str
    row: int
    column: str  # source and column: only values of one column are compared
    element: str
    old: str
    new: str | None  # None: a row of the sheet without a correction


def suspected_slips(rows: Sequence[Typed]) -> Mapping[str, Slip]:
    """The issues whose corrections may have slipped, and how."""
    typed = [each for each in rows if each.new]
    found: dict[str, Slip] = dict(_shifted_dates(typed))
    found |= _shifted_rows(rows, typed)
    strange = {each.issue: "SLIPPED_COLUMN" for each in typed if _is_strange(each)}
    return {**found, **strange}  # type: ignore[dict-item]


def kind_of(text: str) -> Kind | None:
    """What a text looks like, whatever column it stands in."""
    plain = text.strip()
    if _DATE.fullmatch(plain):
        return "date"
    if _TELEPHONE.fullmatch(plain):
        return "telephone"
    if _NUMBER.fullmatch(plain):
        return "number"
    return "address" if _ADDRESS.match(plain) else None


def _is_strange(typed: Typed) -> bool:
    kind = kind_of(typed.new or "")
    return kind in _STRANGE.get(typed.element, ()) and kind_of(typed.old) != kind


def _shifted_dates(typed: Sequence[Typed]) -> Iterator[tuple[str, Slip]]:
    """Dates of one column that all moved by the same number of days, or most of them."""
    moved = [(each, days) for each in typed if (days := _days_between(each))]
    columns = Counter(each.column for each, _ in moved)
    counted = Counter((each.column, days) for each, days in moved)
    for each, days in moved:
        alike = counted[each.column, days]
        if alike >= LEAST_SHIFTED and 2 * alike > columns[each.column]:
            yield each.issue, "SAME_SHIFT"


def _days_between(typed: Typed) -> int | None:
    old, new = _as_date(typed.old), _as_date(typed.new or "")
    return None if old is None or new is None else (new - old).days


def _as_date(text: str) -> date | None:
    if not _DATE.fullmatch(text.strip()):
        return None
    parts = re.findall(r"\d+", text)
    if len(parts[0]) == 8:
        parts = [parts[0][:4], parts[0][4:6], parts[0][6:]]
    try:
        return date(*(int(part) for part in parts[:3]))
    except ValueError:
        return None


def _shifted_rows(rows: Sequence[Typed], typed: Sequence[Typed]) -> Mapping[str, Slip]:
    """Corrections that resemble the value some rows further, and not their own."""
    at = {(each.sheet, each.column, each.row): each.old for each in rows}
    long = [each for each in typed if len(each.new or "") >= _LONG]
    for shift in _SHIFTS:
        fitting = [
            each
            for each in long
            if _resembles(each.new, at.get((each.sheet, each.column, each.row + shift)))
            and not _resembles(each.new, each.old)
        ]
        if len(fitting) >= LEAST_SLIPPED and 2 * len(fitting) > len(long):
            return {each.issue: "SLIPPED_ROW" for each in fitting}
    return {}


def _resembles(new: str | None, old: str | None) -> bool:
    """At most two characters differ: what a correction usually changes."""
    if not new or not old or abs(len(new) - len(old)) > _MOST_EDITS:
        return False
    if len(new) == len(old):
        return sum(a != b for a, b in zip(new, old, strict=True)) <= _MOST_EDITS
    head = next((n for n, (a, b) in enumerate(zip(new, old, strict=False)) if a != b), len(old))
    tail = next(
        (n for n, (a, b) in enumerate(zip(new[::-1], old[::-1], strict=False)) if a != b), len(old)
    )
    return head + tail >= max(len(new), len(old)) - _MOST_EDITS
