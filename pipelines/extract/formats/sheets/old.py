"""Old workbooks (``.xls``, ``.xlsb``) and OpenDocument (``.ods``), read by calamine.

Calamine shows a cell with an error as an empty one, which is why ``.xlsx`` is not read by it. It
holds the sheet's whole area in memory; its process has a bound on that.
"""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipelines.extract.formats.sheets.cell_text import show
from pipelines.extract.formats.sheets.rows import Row
from pipelines.extract.formats.sheets.xlsx import DamagedWorkbook


class OldWorkbook:
    """A workbook that calamine reads."""

    def __init__(self, file: Path) -> None:
        try:
            self._book = CalamineWorkbook.from_path(file)
        except (CalamineError, OSError) as wrong:
            raise DamagedWorkbook(type(wrong).__name__) from None
        sheets = [s for s in self._book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        self.names = [sheet.name for sheet in sheets]
        self.hidden = {s.name for s in sheets if s.visible != SheetVisibleEnum.Visible}

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a sheet in which anything is written."""
        try:
            sheet = self._book.get_sheet_by_name(name)
        except (CalamineError, OSError) as wrong:
            raise DamagedWorkbook(type(wrong).__name__) from None
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            texts = {place: show(cell) for place, cell in enumerate(cells) if cell != ""}
            written = {place: text for place, text in texts.items() if text.strip()}
            if written:
                yield Row(number, written)
