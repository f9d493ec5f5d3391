"""The repair sheet as an Excel workbook: every row and finding, and instructions.

Written row by row in constant memory. Only the owner's columns take what is typed; the sheet has no
password, so whoever must can unlock it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

from pipelines.report.repair_sheet.columns import (
    ACCEPTED,
    ALLOWED,
    ANSWERS,
    COLUMNS,
    CONFIRMED,
    CORRECT_ALL,
    CORRECTION,
    FIELD,
    FILE,
    HELP_SHEET,
    ISSUE,
    LINE,
    NOTE,
    NOTE_ALL,
    PATTERN,
    PATTERN_ANSWERS,
    PATTERN_COLUMNS,
    PATTERN_ROWS,
    PATTERN_SHEET,
    PRINTED,
    PROBLEM,
    QUARANTINED,
    RECORD,
    REPAIR,
    RULE,
    SEVERITY,
    SHEET,
    SUGGESTED,
    VALUE,
    YES,
)
from pipelines.report.repair_sheet.rows import Line

WIDTHS: Mapping[str, int] = {  # what is printed is as wide as A4 across at two thirds
    FILE: 18, LINE: 7, RECORD: 16, FIELD: 16, VALUE: 20, SEVERITY: 6, PROBLEM: 34, REPAIR: 34,
    CORRECTION: 20, CONFIRMED: 10, NOTE: 18, QUARANTINED: 12, ISSUE: 10, RULE: 22,
}  # fmt: skip
PATTERN_WIDTHS: Mapping[str, int] = {
    PATTERN: 9, FIELD: 20, VALUE: 18, PATTERN_ROWS: 8, PROBLEM: 40, ALLOWED: 40, SUGGESTED: 18,
    ACCEPTED: 10, CORRECT_ALL: 18, NOTE_ALL: 24,
}  # fmt: skip
WRAPPED = (FILE, RECORD, FIELD, VALUE, PROBLEM, REPAIR)
EXCEL_ROWS = 1_048_576
_WRAPPED_AT = [(COLUMNS.index(title), WIDTHS[title]) for title in WRAPPED]
_LINE_HEIGHT, _PADDING = 14, 4  # points
_GUIDE_WIDTH = 76  # characters: as wide as A4 upright, whatever font stands in
_GREY, _HEAD, _ANSWER_HEAD, _ANSWER = "#6B7785", "#DCE6F1", "#FFD966", "#FFF9E5"
_LINE = "#C9D1DA"
_CONFIRM_HINT = f"原值无误时选“{YES}”，并在“{NOTE}”写明核实人和理由；要改的值填在“{CORRECTION}”。"
_ACCEPT_HINT = f"同意按“{SUGGESTED}”更正全部各行时选“{YES}”；要改成别的值，填在“{CORRECT_ALL}”。"
_LEAVE_AS_IT_IS = {
    "validate": "custom",
    "value": "=FALSE",
    "ignore_blank": False,
    "error_title": "请保持原样",
    "error_message": "此列请保持原样；更正请填在黄色的列。",
}
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
        guide: The last sheet: title first, then paragraphs.
        patterns: Lines of a sheet of their own: wrong values that several rows share.
    """

    def __init__(self, path: Path, guide: Sequence[str], patterns: Sequence[Line] = ()) -> None:
        import xlsxwriter  # heavy, and only needed here

        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),  # rows wait in files; not where other programs' files are
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self._book = xlsxwriter.Workbook(path, options)
        self._guide, self._patterns = guide, patterns
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
        self._sheet.set_row(self._rows, _LINE_HEIGHT * lines + _PADDING)
        _write_cells(self._sheet, self._rows, line, self._formats)

    def _lay_out(self) -> None:
        sheet = self._sheet
        self._formats = [self._format(title) for title in COLUMNS]
        _print_on_one_width(sheet)
        self._head(sheet, COLUMNS, WIDTHS, self._formats, ANSWERS)
        self._offer_yes(sheet, COLUMNS.index(CONFIRMED), CONFIRMED, _CONFIRM_HINT)
        for first, last in _runs([title not in ANSWERS for title in COLUMNS]):
            sheet.data_validation(1, first, EXCEL_ROWS - 1, last, _LEAVE_AS_IT_IS)

    def _head(
        self,
        sheet: Any,
        columns: Sequence[str],
        widths: Mapping[str, int],
        formats: Sequence[Any],
        answers: Sequence[str],
    ) -> None:
        """Titles, widths, and what a protected sheet still allows.

        Excel sorts a range only if all of its cells are unlocked: so they are, and columns that are
        not the owner's refuse what is typed instead. Columns cannot be deleted or inserted.
        """
        for position, title in enumerate(columns):
            # "@" keeps a number of 18 digits as typed; a blank cell takes its column's format
            sheet.set_column(position, position, widths[title], formats[position])
            sheet.write_string(0, position, title, self._heading(title in answers))
        sheet.set_row(0, 24)
        sheet.freeze_panes(1, 0)
        sheet.protect("", _ALLOWED)

    def _offer_yes(self, sheet: Any, column: int, title: str, hint: str) -> None:
        choice = {
            "validate": "list",
            "source": [YES],
            "input_title": title,
            "input_message": hint,
            "error_title": title,
            "error_message": f"只能填“{YES}”或留空。",
        }
        sheet.data_validation(1, column, EXCEL_ROWS - 1, column, choice)

    def _format(self, title: str) -> Any:
        style: dict[str, object] = {"valign": "top", "font_size": 10, "locked": False}
        style |= {"border": 1, "border_color": _LINE}  # on paper there is no grid
        if title in (*ANSWERS, *PATTERN_ANSWERS):
            style |= {"num_format": "@", "bg_color": _ANSWER}
            style |= {"border_color": "#E7D9A5"}
        if title in (LINE, PATTERN_ROWS):
            style |= {"align": "left"}
        if title in (*WRAPPED, ALLOWED):
            style |= {"text_wrap": True}
        if title in (ISSUE, RULE, PATTERN):
            style |= {"font_color": _GREY, "font_size": 8}
        return self._book.add_format(style)

    def _heading(self, is_answer: bool) -> Any:
        colour = _ANSWER_HEAD if is_answer else _HEAD
        style = {"bold": True, "bg_color": colour, "border": 1, "valign": "vcenter"}
        return self._book.add_format(style)

    def _write_patterns(self) -> None:
        """Before the guide: the commonest wrong values, each answered once for all of its rows."""
        sheet = self._book.add_worksheet(PATTERN_SHEET)
        formats = [self._format(title) for title in PATTERN_COLUMNS]
        _print_on_one_width(sheet)
        self._head(sheet, PATTERN_COLUMNS, PATTERN_WIDTHS, formats, PATTERN_ANSWERS)
        at = PATTERN_COLUMNS.index(ACCEPTED)
        self._offer_yes(sheet, at, ACCEPTED, _ACCEPT_HINT)
        wrapped = [(PATTERN_COLUMNS.index(t), PATTERN_WIDTHS[t]) for t in (PROBLEM, ALLOWED)]
        for number, line in enumerate(self._patterns, start=1):
            lines = max(lines_of(str(line[place] or ""), width) for place, width in wrapped)
            sheet.set_row(number, _LINE_HEIGHT * lines + _PADDING)
            _write_cells(sheet, number, line, formats)
        sheet.autofilter(0, 0, len(self._patterns), len(PATTERN_COLUMNS) - 1)
        sheet.print_area(0, 0, len(self._patterns), len(PATTERN_COLUMNS) - 2)  # but for the id

    def _close(self) -> None:
        self._sheet.autofilter(0, 0, max(self._rows, 1), len(COLUMNS) - 1)
        self._sheet.print_area(0, 0, self._rows, len(PRINTED) - 1)
        if self._patterns:
            self._write_patterns()
        page = self._book.add_worksheet(HELP_SHEET)
        page.set_column(0, 0, _GUIDE_WIDTH)
        page.hide_gridlines(2)
        title = self._book.add_format({"bold": True, "font_size": 16})
        text = self._book.add_format({"text_wrap": True, "valign": "top", "font_size": 11})
        for row, paragraph in enumerate(self._guide):
            page.set_row(row, 30 if row == 0 else 6 + 16 * lines_of(paragraph, _GUIDE_WIDTH))
            page.write_string(row, 0, paragraph, title if row == 0 else text)
        page.set_paper(9)
        page.set_margins(left=0.4, right=0.4)
        page.fit_to_pages(1, 1)  # the guide is read as a whole
        self._sheet.activate()
        self._book.close()


def _print_on_one_width(sheet: Any) -> None:
    """On A4 across, as wide as the paper, with the titles on every page and its number."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&C第 &P 页，共 &N 页")


def _write_cells(sheet: Any, row: int, line: Line, formats: Sequence[Any]) -> None:
    for position, cell in enumerate(line):
        if isinstance(cell, int):
            sheet.write_number(row, position, cell, formats[position])
        elif cell:
            sheet.write_string(row, position, cell, formats[position])


def _runs(marked: Sequence[bool]) -> Sequence[tuple[int, int]]:
    """First and last place of each run of marked ones."""
    runs = [
        (place, list(members))
        for place, members in groupby(range(len(marked)), key=marked.__getitem__)
    ]
    return [(members[0], members[-1]) for is_marked, members in runs if is_marked]


@lru_cache(maxsize=1000)
def lines_of(text: str, width: int) -> int:
    """How many lines a text takes in a column; not every program finds out by itself.

    A Chinese character is as wide as two others.
    """
    wide = sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
    return max(-(-wide // (width - 2)), 1)
