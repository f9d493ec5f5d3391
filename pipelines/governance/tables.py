"""Outputs as tables: title, columns, rows; written as workbook, CSV or JSON. Texts and numbers."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import east_asian_width

from pipelines.report.repair_sheet.csv import guarded

Value = str | int | float | None
FILE_TYPES = (".xlsx", ".csv", ".json")


@dataclass(frozen=True)
class OutputTable:
    """One table for people; ``note`` says how its figures are made."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    note: str = ""


def write_table(table: OutputTable, to: Path) -> None:
    """Write beside the target first, so that nobody sees half of it.

    Raises:
        ValueError: the suffix is not .xlsx, .csv or .json.
    """
    draft = to.with_name(f".{to.name}")
    if to.suffix == ".xlsx":
        _write_workbook(table, draft)
    elif to.suffix == ".csv":
        draft.write_text(_csv(table), encoding="utf-8-sig")
    elif to.suffix == ".json":
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        draft.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    else:
        raise ValueError(to.suffix)
    draft.replace(to)


def _csv(table: OutputTable) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows(
        [[guarded(each) if isinstance(each, str) else each for each in row] for row in table.rows]
    )
    return text.getvalue()


def _write_workbook(table: OutputTable, path: Path) -> None:
    import xlsxwriter  # heavy, and only needed here

    options = {"strings_to_formulas": False, "strings_to_urls": False}
    widths = column_widths(table)
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(table.title[:31])
        text = {
            "font_name": "宋体",
            "font_size": 10,
            "text_wrap": True,
            "valign": "top",
            "border": 1,
        }
        forms = {
            str: book.add_format(text),
            int: book.add_format({**text, "num_format": "#,##0"}),
            float: book.add_format({**text, "num_format": "#,##0.0"}),
        }
        head = book.add_format({**text, "bold": True, "bg_color": "#DCE6F1"})
        big = book.add_format({"font_name": "宋体", "font_size": 16, "bold": True})
        note = book.add_format({"font_name": "宋体", "font_size": 9, "font_color": "#6B7785"})
        sheet.write_string(0, 0, table.title, big)
        sheet.write_string(1, 0, table.note, note)
        sheet.set_row(2, height_of(table.columns, widths))
        sheet.write_row(2, 0, table.columns, head)
        for number, row in enumerate(table.rows, start=3):
            sheet.set_row(number, height_of(row, widths))
            for place, value in enumerate(row):
                sheet.write(number, place, value, forms.get(type(value), forms[str]))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.freeze_panes(3, 1)
        if table.rows:
            sheet.autofilter(2, 0, 2 + len(table.rows), len(table.columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(_A4 if sum(widths) <= _PAGE else _A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        sheet.set_footer("&C第 &P 页，共 &N 页")


_A3, _A4 = 8, 9  # as Excel numbers paper
_PAGE = 150  # signs beside each other that can be read on A4, landscape
_WIDEST, _NARROWEST = 44, 16  # of a column
_MOST_LINES = 28  # of a row; Excel shows no row that is higher than 409 points


def column_widths(table: OutputTable) -> list[int]:
    """In Latin signs. Long columns give way until a wide table can be read on paper."""
    cells = [table.columns, *table.rows]
    longest = [max(_signs(row[place]) for row in cells) for place in range(len(table.columns))]
    widest = _WIDEST
    while sum(min(each + 2, widest) for each in longest) > 1.4 * _PAGE and widest > _NARROWEST:
        widest -= 2
    return [min(each + 2, widest) for each in longest]


def height_of(values: Sequence[Value], widths: Sequence[int]) -> float:
    """Points of a row. Programs that do not fit rows to their text would cut it off."""
    lines = max(
        (-(-_signs(value) // (width - 2)) for value, width in zip(values, widths, strict=True)),
        default=1,
    )
    return 14.5 * min(max(lines, 1), _MOST_LINES)


def _signs(value: Value) -> int:
    """Of a text in Latin signs: a Chinese one is as wide as two."""
    text = f"{value:,}" if isinstance(value, int | float) else value or ""
    return max(4, sum(2 if east_asian_width(sign) in "WFA" else 1 for sign in text))
