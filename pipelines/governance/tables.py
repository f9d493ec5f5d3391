"""Outputs as tables: title, columns, rows; written as workbook, CSV or JSON. Texts and numbers."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(table.title[:31])
        text = {
            "font_name": "宋体",
            "font_size": 10,
            "text_wrap": True,
            "valign": "top",
            "border": 1,
        }
        cell = book.add_format(text)
        head = book.add_format({**text, "bold": True, "bg_color": "#DCE6F1"})
        big = book.add_format({"font_name": "宋体", "font_size": 16, "bold": True})
        note = book.add_format({"font_size": 9, "font_color": "#6B7785"})
        sheet.write_string(0, 0, table.title, big)
        sheet.write_string(1, 0, table.note, note)
        sheet.write_row(2, 0, table.columns, head)
        for number, row in enumerate(table.rows, start=3):
            for place, value in enumerate(row):
                sheet.write(number, place, value, cell)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, _width(column, [row[place] for row in table.rows]))
        sheet.freeze_panes(3, 1)
        if table.rows:
            sheet.autofilter(2, 0, 2 + len(table.rows), len(table.columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        sheet.set_footer("&C第 &P 页，共 &N 页")


def _width(column: str, values: Sequence[Value]) -> int:
    """In characters of the usual font, of which a Chinese one takes two."""
    longest = max((len(str(value or "")) for value in values), default=0)
    return min(max(2 * len(column), round(1.6 * longest), 8) + 2, 44)
