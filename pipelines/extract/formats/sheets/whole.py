"""Small workbooks as a whole: every cell of every sheet as the text that a person sees.

For sheets that people fill in and send back. Only cells that are there cost anything in ``.xlsx``;
what stands far to the right of every column of ours is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipelines.extract.formats.recognise import recognise
from pipelines.extract.formats.sheets.ods import OpenDocument
from pipelines.extract.formats.sheets.old import OldWorkbook
from pipelines.extract.formats.sheets.rows import Row
from pipelines.extract.formats.sheets.xlsx import Workbook
from pipelines.extract.limits import STANDARD

_COLUMNS = 256  # more than any sheet of ours has, with what people add beside it
_NOTHING: Sequence[str] = ()

Sheets = Mapping[str, Sequence[Sequence[str]]]


def whole_sheets(file: Path) -> Sheets:
    """The rows of every sheet, from its first one on; a row ends with its last cell.

    Cells that were merged over several rows have their value in each of them.

    Raises:
        DamagedWorkbook, OSError, EOFError: it is no workbook, or damaged.
    """
    kind = recognise(file)
    if kind == "ods":
        ods = OpenDocument(file)
        return {name: _dense(ods.rows(name)) for name in ods.names}
    if kind != "xlsx":
        old = OldWorkbook(file)
        return {name: _dense(old.rows(name, STANDARD.merged_cells)) for name in old.names}
    book = Workbook(file)
    try:
        return {
            sheet.name: _dense(book.rows(sheet, STANDARD.merged_cells)) for sheet in book.sheets
        }
    finally:
        book.close()


def _dense(rows: Iterable[Row]) -> list[Sequence[str]]:
    dense: list[Sequence[str]] = []
    for row in rows:
        dense += [_NOTHING] * (row.number - 1 - len(dense))
        width = max((column + 1 for column in row.cells if column < _COLUMNS), default=0)
        dense.append([row.cells.get(column, "") for column in range(width)])
    return dense
