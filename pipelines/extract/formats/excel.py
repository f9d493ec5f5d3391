"""Excel workbooks (.xlsx) as chunks: each cell as the text that a person sees, as far as that goes.

Excel keeps 15 digits of a number, so an 18-digit identifier that was typed as a number is damaged
already; what is left of it is handed on in full (``110101199001010000``), for the parsers to find.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import RAGGED_LINE, Chunk, Defect, empty_chunk, text_array
from pipelines.extract.formats.columns import header_names, mapped_names

ROWS = 20_000  # rows turned to text at a time
HEADER_ROWS = 20  # a title, a date and a unit may stand above the header, hardly more

Cell = int | float | str | bool | dt.date | dt.datetime | dt.time | dt.timedelta
Row = list[Cell]


def read_excel(source: Source, file: Path, rows: int = ROWS) -> Iterator[Chunk]:
    """The records of one sheet; the first chunk is empty and tells the columns.

    The header is the row, among the first ones, that names most of the mapped columns. The line of
    a record is its row number in Excel. Rows in which nothing is written are no records; a row with
    something to the right of the header's last column is a ragged one.

    Raises:
        UnreadableDelivery: it is no workbook, is locked, or has no such sheet or no header.
    """
    sheet = open_sheet(source, file)
    numbered = enumerate(sheet.iter_rows(), start=1)
    head = list(islice(numbered, HEADER_ROWS))
    place = _header_place(source, [row for _, row in head])
    titles = [show(cell) or "" for cell in head[place][1]] if head else []
    while titles and not titles[-1].strip():
        titles.pop()
    names = header_names(source, file.name, titles)
    yield empty_chunk(names)
    first = head[place + 1 :]
    while first:
        yield _chunk(first, names)
        first = list(islice(numbered, rows))


def open_sheet(source: Source, file: Path) -> CalamineSheet:
    """The sheet that the contract names, else the first visible one; UnreadableDelivery if none."""
    try:
        workbook = CalamineWorkbook.from_path(file)
        visible = [
            s.name for s in workbook.sheets_metadata if s.visible == SheetVisibleEnum.Visible
        ]
        wanted = source.server.sheet or (visible or workbook.sheet_names)[0]
        if wanted not in workbook.sheet_names:
            raise UnreadableDelivery(
                source.name, file.name, f"It has no sheet {wanted!r}, but "
                f"{', '.join(workbook.sheet_names)}.", "Correct the property sheet of servers[0].",
            )  # fmt: skip
        return workbook.get_sheet_by_name(wanted)
    except (CalamineError, OSError, IndexError) as wrong:
        raise UnreadableDelivery(
            source.name, file.name, f"It is no .xlsx workbook, is locked, or is damaged "
            f"({type(wrong).__name__}).", "Ask for it to be saved as .xlsx without a password.",
        ) from None  # fmt: skip


def _header_place(source: Source, rows: Sequence[Row]) -> int:
    wanted = mapped_names(source)
    matches = [sum((show(cell) or "").strip() in wanted for cell in row) for row in rows]
    return matches.index(max(matches)) if matches else 0


def _chunk(numbered: Sequence[tuple[int, Row]], names: Sequence[str]) -> Chunk:
    width = len(names)
    rows, lines, defects = [], [], []
    for line, row in numbered:
        beyond = row[width:]
        if row.count("") == len(row):
            continue
        if beyond.count("") < len(beyond):
            text = "\t".join(show(cell) for cell in row)
            defects.append(Defect(line, RAGGED_LINE, text))
        else:
            rows.append(row[:width])  # all rows of a sheet are as wide as the widest
            lines.append(line)
    cells = zip(*rows, strict=True) if rows else [()] * width
    columns = {name: text_array(column, show) for name, column in zip(names, cells, strict=True)}
    return Chunk(columns, np.array(lines, np.int64), defects)


def show(cell: Cell) -> str:
    """A cell's text: numbers without ``.0`` or exponent, dates and times as in ISO 8601."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return format(Decimal(repr(cell)), "f").removesuffix(".0")
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return str(cell)
