"""Cells of an .xlsx workbook with their state, as a stream: no sheet is ever in memory.

A cell's text is what a person sees, and where the cell has no value it says so: an error is
``#N/A``, a formula without a stored result is the formula, a number of more than 15 digits is
``1.10105199001011E+17``, as Excel shows it, for digits are lost. The XML is read with expat; only
cells that are there are seen, so a stray one at XFD1048576 costs nothing. See ADR 80.
"""

import datetime as dt
import errno
import re
import zlib
from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from pipelines.extract.formats.sheets.numbers import (
    column_number,
    kind_of_format,
    number_text,
    unescaped,
)
from pipelines.extract.formats.sheets.rows import Row

BLOCK = 1 << 18  # bytes of XML handed to the parser at a time
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')
_ZLIB_NO_MEMORY = "Error -4"  # Z_MEM_ERROR
_EXPAT_NO_MEMORY = 1  # XML_ERROR_NO_MEMORY
_TAG_LENGTH = 256  # bytes of a <mergeCell> tag, at most; what is kept from one block to the next


class DamagedWorkbook(Exception):
    """The archive or the XML in it cannot be read; the text says what is wrong."""


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its part in the archive, and whether people see it."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """An open .xlsx file.

    Raises:
        DamagedWorkbook: from every method, where the file cannot be read.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._archive = ZipFile(file)
        except (BadZipFile, OSError) as wrong:
            raise DamagedWorkbook(str(wrong)) from None
        self._names = {name.lower(): name for name in self._archive.namelist()}
        self.sheets, self._epoch = self._read_sheets()
        self._kinds = self._read_styles()
        self._strings: list[str] | None = None

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def rows(self, sheet: Sheet, most_merges: int = 0) -> Iterator[Row]:
        """The rows of a sheet in which anything is written, merged cells filled downwards.

        Where ``most_merges`` is 0 merged cells are left as they are, and not searched for.
        """
        merges = self._merges(sheet, most_merges) if most_merges else []
        if self._strings is None:
            self._strings = self._read_strings()
        reader = _SheetReader(self._strings, self._kinds, self._epoch)
        rows = self._parsed(sheet.part, reader.handle, reader.taken)
        return fill_merges(rows, merges) if merges else rows

    def _read_sheets(self) -> tuple[list[Sheet], dt.datetime]:
        targets: dict[str, str] = {}
        sheets: list[Sheet] = []
        epoch = CALENDAR_WINDOWS_1900

        def relation(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship":
                targets[attributes["Id"]] = attributes["Target"]

        def sheet(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal epoch
            if name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                epoch = CALENDAR_MAC_1904
            if name == "sheet":
                target = targets.get(attributes.get("id", ""), "")
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                if "worksheets" in part:  # charts have sheets of their own
                    hidden = attributes.get("state", "visible") != "visible"
                    sheets.append(Sheet(attributes["name"], part, hidden))

        self._elements("xl/_rels/workbook.xml.rels", relation)
        self._elements("xl/workbook.xml", sheet)
        return sheets, epoch

    def _read_styles(self) -> Sequence[str]:
        """Per cell style, what a number in it is: ``n``umber, ``d``ate or ``t``ime span."""
        formats = dict(BUILTIN_FORMATS)
        kinds: list[str] = []
        inside = False

        def style(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal inside
            if name == "numFmt":
                formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
            elif name in {"cellStyleXfs", "cellXfs", "cellStyles"}:
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                number = int(attributes.get("numFmtId", 0))
                kinds.append(kind_of_format(number, formats.get(number, "")))

        if "xl/styles.xml" in self._names:
            self._elements("xl/styles.xml", style)
        return kinds

    def _read_strings(self) -> list[str]:
        part = next((n for n in self._names if n.endswith("sharedstrings.xml")), None)
        if part is None:
            return []
        reader = _StringsReader()
        return list(self._parsed(part, reader.handle, reader.taken))

    def _merges(self, sheet: Sheet, most: int) -> list[tuple[int, int, int]]:
        """First row, last row and column of each merge over several rows, by first row."""
        merges: list[tuple[int, int, int]] = []
        rest = b""
        with self._open(sheet.part) as stream:
            for block in _blocks(stream):
                text = rest + block
                for found in _MERGED.finditer(text):
                    first, last = int(found[2]), int(found[4])
                    if last > first:
                        merges.append((first, last, column_number(found[1].decode())))
                if len(merges) > most:
                    raise DamagedWorkbook(f"sheet {sheet.name!r} has over {most:,} merged cells")
                rest = text[max(text.rfind(b"<"), len(text) - _TAG_LENGTH) :]
        return sorted(set(merges))

    def _elements(self, part: str, begin: Callable[[str, Mapping[str, str]], None]) -> None:
        def handle(parser: Any) -> None:
            def start(name: str, attributes: dict[str, str]) -> None:
                begin(_local(name), {_local(key): value for key, value in attributes.items()})

            parser.StartElementHandler = start

        list(self._parsed(part, handle, list))

    def _parsed(
        self, part: str, handle: Callable[[Any], None], taken: Callable[[], list[Any]]
    ) -> Iterator[Any]:
        """What handlers gather while a part is parsed, taken from them after every block."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse_doctype
        handle(parser)
        try:
            with self._open(part) as stream:
                for block in _blocks(stream):
                    parser.Parse(block, False)
                    yield from taken()
                parser.Parse(b"", True)
                yield from taken()
        except (expat.ExpatError, ValueError, KeyError, IndexError, OverflowError) as wrong:
            refuse_for_memory(wrong)
            raise DamagedWorkbook(f"{part}: {type(wrong).__name__}") from None

    def _open(self, part: str) -> IO[bytes]:
        try:
            return self._archive.open(self._names[part.lower()])
        except (KeyError, BadZipFile, NotImplementedError, RuntimeError, OSError) as wrong:
            refuse_for_memory(wrong)
            raise DamagedWorkbook(f"{part}: {type(wrong).__name__}") from None


@dataclass
class _SheetReader:
    """Handlers for the XML of a sheet (ECMA-376 18.3)."""

    strings: Sequence[str]
    kinds: Sequence[str]
    epoch: dt.datetime
    _done: list[Row] = field(default_factory=list)
    _row: Row = field(default_factory=lambda: Row(0, {}))
    _column: int = -1
    _type: str = "n"
    _style: int = 0
    _value: str | None = None
    _formula: str | None = None
    _shared: dict[str, str] = field(default_factory=dict)
    _share: str = ""
    _text: list[str] | None = None
    _inline: list[str] | None = None
    _phonetic: bool = False

    def handle(self, parser: Any) -> None:
        """Tell a parser what to call."""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def taken(self) -> list[Row]:
        """The rows that are complete; each is handed out once."""
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name if ":" not in name else _local(name)
        if name == "c":
            address = attributes.get("r")
            self._column = column_number(address.rstrip("0123456789")) if address else (
                self._column + 1
            )  # fmt: skip
            self._type = attributes.get("t", "n")
            self._style = int(attributes.get("s", 0))
            self._value = self._formula = self._inline = None
        elif name == "v" or name == "t":
            self._text = None if self._phonetic else []
        elif name == "f":
            self._text = []
            self._share = attributes.get("si", "") if attributes.get("t") == "shared" else ""
        elif name == "is":
            self._inline = []
        elif name == "rPh":
            self._phonetic = True
        elif name == "row":
            number = int(attributes.get("r", self._row.number + 1))
            self._row = Row(number, {}, attributes.get("hidden") in {"1", "true"})
            self._column = -1

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        name = name if ":" not in name else _local(name)
        if name == "c":
            text = self._cell()
            if text.strip():
                self._row.cells[self._column] = text
        elif name == "v":
            self._value, self._text = "".join(self._text or ()), None
        elif name == "t":
            if self._inline is not None and self._text is not None:
                self._inline += self._text
            self._text = None
        elif name == "f":
            self._formula, self._text = self._formula_text("".join(self._text or ())), None
        elif name == "rPh":
            self._phonetic = False
        elif name == "row" and self._row.cells:
            self._done.append(self._row)

    def _formula_text(self, text: str) -> str:
        """A formula; one that is shared is written in its first cell only."""
        if self._share and text:
            self._shared[self._share] = text
        return text or self._shared.get(self._share, "")

    def _cell(self) -> str:
        value, kind = self._value, self._type
        if self._inline is not None:
            return unescaped("".join(self._inline))
        if value is None or (not value and kind != "str"):
            return "" if self._formula is None else f"={self._formula}"
        if kind == "s":
            return self.strings[int(value)]
        if kind == "n":
            return number_text(value, self._kind(), self.epoch)
        if kind == "b":
            return "TRUE" if value in {"1", "true"} else "FALSE"
        if kind == "d":
            return value.replace("T", " ").removesuffix(" 00:00:00")
        return unescaped(value)  # a string, or the name of an error

    def _kind(self) -> str:
        return self.kinds[self._style] if self._style < len(self.kinds) else "n"


@dataclass
class _StringsReader:
    """Handlers for the table of strings (ECMA-376 18.4); how a word is pronounced is left out."""

    _done: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _reading: bool = False
    _phonetic: bool = False

    def handle(self, parser: Any) -> None:
        """Tell a parser what to call."""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def taken(self) -> list[str]:
        """The strings that are complete."""
        done, self._done = self._done, []
        return done

    def _start(self, name: str, _: dict[str, str]) -> None:
        name = _local(name)
        if name == "si":
            self._text = []
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._reading = not self._phonetic

    def _characters(self, text: str) -> None:
        if self._reading:
            self._text.append(text)

    def _end(self, name: str) -> None:
        name = _local(name)
        if name == "t":
            self._reading = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self._done.append(unescaped("".join(self._text)))


def fill_merges(rows: Iterator[Row], merges: list[tuple[int, int, int]]) -> Iterator[Row]:
    """Rows, each with the values of the merges that began above it; Excel keeps only the first."""
    waiting = merges[::-1]
    active: list[tuple[int, int, str]] = []  # last row, column, value; the first to end comes first
    for row in rows:
        while active and active[0][0] < row.number:
            active.pop(0)
        filled = [column for _, column, value in active if value and column not in row.cells]
        row.cells |= {column: value for _, column, value in active if column in filled}
        row.filled = filled
        while waiting and waiting[-1][0] <= row.number:
            first, last, column = waiting.pop()
            value = row.cells.get(column, "") if first == row.number else ""
            insort(active, (last, column, value))
        yield row


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    try:
        while block := stream.read(BLOCK):
            yield block
    except (BadZipFile, OSError, EOFError, zlib.error) as wrong:
        refuse_for_memory(wrong)
        raise DamagedWorkbook(type(wrong).__name__) from None


def refuse_for_memory(wrong: Exception) -> None:
    """Raise MemoryError where that is what a C library meant: such a file is not damaged."""
    is_zlib = isinstance(wrong, zlib.error) and str(wrong).startswith(_ZLIB_NO_MEMORY)
    is_expat = isinstance(wrong, expat.ExpatError) and wrong.code == _EXPAT_NO_MEMORY
    if is_zlib or is_expat or (isinstance(wrong, OSError) and wrong.errno == errno.ENOMEM):
        raise MemoryError from None


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def refuse_doctype(*_: object) -> None:
    """Workbooks have none; it is how XML is made to fill the memory or to read other files."""
    raise ValueError("a document type declaration")
