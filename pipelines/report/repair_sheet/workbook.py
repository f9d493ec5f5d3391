"""The repair sheet as an Excel workbook: every row and finding, and instructions.

Written row by row in constant memory. Only the owner's three columns can be typed in; the sheet
has no password, so whoever must can unlock it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from pipelines.report.repair_sheet.columns import (
    ANSWERS,
    COLUMNS,
    CONFIRMED,
    CORRECTION,
    FIELD,
    FILE,
    HELP_SHEET,
    ISSUE,
    LINE,
    NOTE,
    PROBLEM,
    QUARANTINED,
    RECORD,
    REPAIR,
    RULE,
    SEVERITY,
    SHEET,
    VALUE,
    YES,
)
from pipelines.report.repair_sheet.rows import Line

WIDTHS: Mapping[str, int] = {
    ISSUE: 9, FILE: 26, LINE: 8, RECORD: 22, FIELD: 16, VALUE: 26, SEVERITY: 7, PROBLEM: 46,
    REPAIR: 46, CORRECTION: 26, CONFIRMED: 10, NOTE: 26, QUARANTINED: 11, RULE: 22,
}  # fmt: skip
WRAPPED = (PROBLEM, REPAIR)
EXCEL_ROWS = 1_048_576
_WRAPPED_AT = [(COLUMNS.index(title), WIDTHS[title]) for title in WRAPPED]
_LINE_HEIGHT = 14  # points
_GUIDE_WIDTH = 90
_GREY, _HEAD, _ANSWER_HEAD, _ANSWER = "#6B7785", "#DCE6F1", "#FFD966", "#FFF9E5"
_ALLOWED = {  # for whoever works on the protected sheet
    "autofilter": True,
    "sort": True,
    "format_columns": True,
    "format_rows": True,
    "select_locked_cells": True,
    "select_unlocked_cells": True,
}


class Workbook:
    """One ``.xlsx`` file, open for lines until the block ends.

    Args:
        path: Replaced if it exists.
        guide: The second sheet: title first, then paragraphs.
    """

    def __init__(self, path: Path, guide: Sequence[str]) -> None:
        import xlsxwriter  # heavy, and only needed here

        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),  # rows wait in files; not where other programs' files are
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self._book = xlsxwriter.Workbook(path, options)
        self._guide = guide
        self._sheet = self._book.add_worksheet(SHEET)
        self._rows = 0
        self._lay_out()

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def append(self, line: Line) -> None:
        """Write one line; text stays text, whatever it begins with."""
        self._rows += 1
        lines = max(lines_of(str(line[at] or ""), width) for at, width in _WRAPPED_AT)
        self._sheet.set_row(self._rows, _LINE_HEIGHT * lines)
        for position, cell in enumerate(line):
            if isinstance(cell, int):
                self._sheet.write_number(self._rows, position, cell, self._formats[position])
            elif cell:
                self._sheet.write_string(self._rows, position, cell, self._formats[position])

    def _lay_out(self) -> None:
        sheet = self._sheet
        self._formats = [self._format(title) for title in COLUMNS]
        for position, title in enumerate(COLUMNS):
            # "@" keeps a number of 18 digits as typed; a blank cell takes its column's format
            sheet.set_column(position, position, WIDTHS[title], self._formats[position])
            sheet.write_string(0, position, title, self._heading(title))
        sheet.set_row(0, 24)
        sheet.freeze_panes(1, 0)
        sheet.protect("", _ALLOWED)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        confirmed = COLUMNS.index(CONFIRMED)
        sheet.data_validation(
            *(1, confirmed, EXCEL_ROWS - 1, confirmed),
            {
                "validate": "list",
                "source": [YES],
                "input_title": CONFIRMED,
                "input_message": f"原值无误时选“{YES}”，并在“{NOTE}”写明核实人和理由。",
                "error_title": CONFIRMED,
                "error_message": f"只能填“{YES}”或留空；要改的值请填在“{CORRECTION}”。",
            },
        )

    def _format(self, title: str) -> Any:
        style: dict[str, object] = {"valign": "top", "font_size": 10}
        if title in ANSWERS:
            style |= {"locked": False, "num_format": "@", "bg_color": _ANSWER}
            style |= {"border": 1, "border_color": "#E7D9A5"}
        if title == LINE:
            style |= {"align": "left"}
        if title in WRAPPED:
            style |= {"text_wrap": True}
        if title in (ISSUE, RULE):
            style |= {"font_color": _GREY, "font_size": 8}
        return self._book.add_format(style)

    def _heading(self, title: str) -> Any:
        colour = _ANSWER_HEAD if title in ANSWERS else _HEAD
        return self._book.add_format(
            {"bold": True, "bg_color": colour, "border": 1, "valign": "vcenter"}
        )

    def _close(self) -> None:
        self._sheet.autofilter(0, 0, max(self._rows, 1), len(COLUMNS) - 1)
        page = self._book.add_worksheet(HELP_SHEET)
        page.set_column(0, 0, _GUIDE_WIDTH)
        page.hide_gridlines(2)
        title = self._book.add_format({"bold": True, "font_size": 16})
        text = self._book.add_format({"text_wrap": True, "valign": "top", "font_size": 11})
        for row, paragraph in enumerate(self._guide):
            page.set_row(row, 30 if row == 0 else 6 + 16 * lines_of(paragraph, _GUIDE_WIDTH))
            page.write_string(row, 0, paragraph, title if row == 0 else text)
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        self._sheet.activate()
        self._book.close()


@lru_cache(maxsize=1000)
def lines_of(text: str, width: int) -> int:
    """How many lines a text takes in a column; not every program finds out by itself.

    A Chinese character is as wide as two others.
    """
    wide = sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
    return max(-(-wide // (width - 2)), 1)
