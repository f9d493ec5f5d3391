"""Old workbooks (``.xls``) and binary ones (``.xlsb``), read by calamine.

Calamine shows a cell with an error as an empty one, and neither merges nor hidden rows: these are
read beside it (``binary_states``). It holds the sheet's whole area in memory; its process has a
bound on that.
"""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipelines.extract.formats.sheets.binary_states import SheetStates, states_of
from pipelines.extract.formats.sheets.cell_text import show
from pipelines.extract.formats.sheets.rows import Row
from pipelines.extract.formats.sheets.xlsx import DamagedWorkbook, fill_merges


class OldWorkbook:
    """A workbook that calamine reads."""

    def __init__(self, file: Path) -> None:
        try:
            with file.open("rb") as stream:  # by a path it would go by what the file is called
                self._book = CalamineWorkbook.from_filelike(stream)
        except (CalamineError, OSError) as wrong:
            raise DamagedWorkbook(type(wrong).__name__) from None
        sheets = [s for s in self._book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        self.names = [sheet.name for sheet in sheets]
        self.hidden = {s.name for s in sheets if s.visible != SheetVisibleEnum.Visible}
        self._states = states_of(file)

    @property
    def has_states(self) -> bool:
        """Whether errors, merges and hidden rows are known."""
        return self._states is not None

    def rows(self, name: str, most_merges: int = 0) -> Iterator[Row]:
        """The rows of a sheet in which anything is written; merges are filled unless ``most`` is 0.

        Raises:
            DamagedWorkbook: it is damaged, or has more merged cells than that.
        """
        states = (self._states or {}).get(name, SheetStates())
        if most_merges and len(states.merges) > most_merges:
            raise DamagedWorkbook(f"sheet {name!r} has over {most_merges:,} merged cells")
        rows = self._rows(name, states)
        return fill_merges(rows, sorted(set(states.merges))) if most_merges else rows

    def _rows(self, name: str, states: SheetStates) -> Iterator[Row]:
        try:
            sheet = self._book.get_sheet_by_name(name)
        except (CalamineError, OSError) as wrong:
            raise DamagedWorkbook(type(wrong).__name__) from None
        last = 0
        for last, cells in enumerate(sheet.iter_rows(), start=1):
            texts = {place: show(cell) for place, cell in enumerate(cells) if cell != ""}
            written = {place: text for place, text in texts.items() if text.strip()}
            never = states.without_result.get(last, {})
            if written := states.errors.get(last, {}) | written | never:
                yield Row(last, dict(sorted(written.items())), last in states.hidden)
        for number in sorted(number for number in states.errors if number > last):
            yield Row(number, states.errors[number], number in states.hidden)
