"""OpenDocument spreadsheets (``.ods``) with the state of their cells, as a stream.

ISO/IEC 26300 (OpenDocument 1.2), part 1, chapter 9. An error is the text that a person sees
(``#N/A``), a formula without a value the formula, a date or time what is stored, not how it is
shown. Empty cells and rows are repeated by a number, and cost nothing here.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from pipelines.extract.formats.sheets.numbers import number_text
from pipelines.extract.formats.sheets.rows import Row
from pipelines.extract.formats.sheets.xlsx import DamagedWorkbook, refuse_doctype

BLOCK = 1 << 18
_CONTENT = "content.xml"
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576
_NUMBERS = frozenset({"float", "percentage", "currency"})


@dataclass
class _Cell:
    text: str = ""
    columns: int = 1
    rows_spanned: int = 1


@dataclass
class _State:
    """Where the parser is: sheet, row and cell, and the rows that are complete."""

    sheet: str = ""
    next_row: int = 1
    column: int = 0
    row: Row | None = None
    repeated: int = 1
    cell: _Cell | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    paragraphs: list[list[str]] = field(default_factory=list)
    reading: bool = False
    depth: int = 0  # tables in one another: a cell may hold one
    below: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> last row, text
    done: list[tuple[str, Row | None, int]] = field(default_factory=list)


class OpenDocument:
    """A spreadsheet in an ``.ods`` file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.names = list(dict.fromkeys(name for name, row, _ in self._parsed() if row is None))

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a sheet in which anything is written."""
        for sheet, row, repeated in self._parsed():
            if sheet != name or row is None:
                continue
            for number in range(row.number, min(row.number + repeated, _LAST_ROW + 1)):
                yield Row(number, dict(row.cells), row.hidden, row.filled)

    def _parsed(self) -> Iterator[tuple[str, Row | None, int]]:
        """Each sheet's name without a row, then its rows and how often each is there."""
        reader = _Reader()
        try:
            with ZipFile(self._file) as archive, archive.open(_CONTENT) as stream:
                while block := stream.read(BLOCK):
                    reader.parser.Parse(block, False)
                    yield from reader.taken()
                reader.parser.Parse(b"", True)
                yield from reader.taken()
        except (BadZipFile, KeyError, OSError, EOFError, zlib.error, ValueError, RuntimeError,
                NotImplementedError, expat.ExpatError) as wrong:  # fmt: skip
            raise DamagedWorkbook(type(wrong).__name__) from None


class _Reader:
    """Handlers of the parser for ``content.xml``."""

    def __init__(self) -> None:
        self._at = _State()
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def taken(self) -> list[tuple[str, Row | None, int]]:
        """What is complete."""
        done, self._at.done = self._at.done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._at
        if name == "table:table":
            at.depth += 1
            if at.depth == 1:
                at.sheet, at.next_row, at.below = attributes.get("table:name", ""), 1, {}
                at.done.append((at.sheet, None, 0))
        elif at.depth != 1:
            return
        elif name == "table:table-row":
            hidden = attributes.get("table:visibility", "visible") != "visible"
            at.repeated = _count(attributes.get("table:number-rows-repeated"), _LAST_ROW)
            at.row, at.column = Row(at.next_row, {}, hidden), 0
        elif name in {"table:table-cell", "table:covered-table-cell"} and at.row is not None:
            at.cell = _Cell(
                columns=_count(attributes.get("table:number-columns-repeated"), _LAST_COLUMN),
                rows_spanned=_count(attributes.get("table:number-rows-spanned"), _LAST_ROW),
            )
            at.attributes, at.paragraphs = attributes, []
        elif at.cell is not None:
            self._start_text(name, attributes)

    def _start_text(self, name: str, attributes: dict[str, str]) -> None:
        at = self._at
        if name == "office:annotation":
            at.reading = False
        elif name == "text:p":
            at.paragraphs.append([])
            at.reading = True
        elif at.paragraphs and name == "text:s":
            at.paragraphs[-1].append(" " * _count(attributes.get("text:c"), 1_000))
        elif at.paragraphs and name in {"text:tab", "text:line-break"}:
            at.paragraphs[-1].append("\t" if name == "text:tab" else "\n")

    def _characters(self, text: str) -> None:
        if self._at.reading:
            self._at.paragraphs[-1].append(text)

    def _end(self, name: str) -> None:
        at = self._at
        if name == "table:table":
            at.depth -= 1
        elif at.depth != 1:
            return
        elif name == "text:p":
            at.reading = False
        elif name == "office:annotation":
            at.paragraphs = []  # a note is no value; it stands before the value
        elif name in {"table:table-cell", "table:covered-table-cell"} and at.cell is not None:
            self._end_cell(at.cell)
        elif name == "table:table-row" and at.row is not None:
            self._end_row(at.row)

    def _end_cell(self, cell: _Cell) -> None:
        at = self._at
        assert at.row is not None  # noqa: S101 - for the type checker
        cell.text = _value(at.attributes, "\n".join("".join(part) for part in at.paragraphs))
        if cell.text.strip():
            last = min(at.column + cell.columns, _LAST_COLUMN)
            at.row.cells |= dict.fromkeys(range(at.column, last), cell.text)
            if cell.rows_spanned > 1:
                at.below[at.column] = (at.next_row + cell.rows_spanned - 1, cell.text)
        at.column += cell.columns
        at.cell = None

    def _end_row(self, row: Row) -> None:
        at = self._at
        above = {c: text for c, (last, text) in at.below.items() if last >= row.number}
        if row.cells:
            row.filled = [column for column in above if column not in row.cells]
            row.cells |= {column: above[column] for column in row.filled}
            at.done.append((at.sheet, row, at.repeated))
        at.next_row += at.repeated
        at.below = {c: merge for c, merge in at.below.items() if merge[0] >= at.next_row}
        at.row = None


def _value(attributes: Mapping[str, str], shown: str) -> str:
    """A cell's text by what is stored in it."""
    kind = attributes.get("office:value-type", "")
    if attributes.get("calcext:value-type") == "error":
        return shown
    if kind in _NUMBERS:
        return number_text(attributes.get("office:value", shown), "n")
    if kind == "date":
        return attributes.get("office:date-value", shown).replace("T", " ")
    if kind == "boolean":
        return attributes.get("office:boolean-value", shown).upper()
    formula = attributes.get("table:formula", "")
    if not kind and not shown and formula:
        return "=" + formula.partition("=")[2]
    return attributes.get("office:string-value", shown) if kind == "string" else shown


def _count(text: str | None, most: int) -> int:
    return min(max(int(text), 1), most) if text and text.isdecimal() else 1
