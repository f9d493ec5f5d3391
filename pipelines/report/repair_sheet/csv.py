"""The repair sheet as a CSV file, in the encoding of the department's own system."""

import codecs
import csv
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from pipelines.report.repair_sheet.columns import COLUMNS
from pipelines.report.repair_sheet.rows import Cell, Line

# A program that opens the file takes a text that begins so for a formula and runs it; the
# full-width forms are taken for their half-width ones by some of them.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
# ... and a long number, or 12E34, for a floating-point number, and saves that.
_NUMBER: Final = re.compile(r"\s*(?:0\d+|\d{12,}|\d+\.?\d*[eE]\d+)\s*")
_GUARD: Final = "'"
_WITH_MARK: Final = {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}


def guarded(text: str) -> str:
    """``text`` so that a spreadsheet program keeps it as text: see ``unguarded``."""
    if text.startswith((*_FORMULA, _GUARD)) or _NUMBER.fullmatch(text):
        return _GUARD + text
    return text


def unguarded(text: str) -> str:
    """What ``guarded`` was given; for the cells of a sheet that comes back."""
    return text.removeprefix(_GUARD)


def csv_encoding(delivered: str | None) -> str:
    """The codec to write in, for the encoding that a delivery came in.

    With a byte order mark where Unicode allows one: without it, Excel takes UTF-8 for GBK. What
    did not come as text (a database, an interface), or in an encoding that cannot even write the
    titles of the columns, goes out as UTF-8.
    """
    try:
        name = codecs.lookup(delivered or "utf-8").name
        "".join(COLUMNS).encode(name)
    except (LookupError, UnicodeEncodeError):
        name = "utf-8"
    return _WITH_MARK.get(name, name)


class RepairCsv:
    """One ``.csv`` file, open for lines until the block ends; ``replaced`` counts what it lacks.

    GB 18030 and UTF-8 have every character. In a smaller encoding, one that it lacks is written as
    ``[U+3402]``, so that it can be recognised, and never as a question mark.
    """

    def __init__(self, path: Path, encoding: str, titles: Sequence[str] = COLUMNS) -> None:
        self.replaced = 0
        self._stream = path.open("w", encoding=encoding, newline="")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(titles)
        self._encoding = None if encoding.startswith(("utf", "gb18030")) else encoding

    def __enter__(self) -> "RepairCsv":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def append(self, line: Line) -> None:
        """Write one line."""
        self._writer.writerow([self._cell(cell) for cell in line])

    def _cell(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, int):
            return str(cell)
        return guarded(cell if self._encoding is None else self._spelt(cell, self._encoding))

    def _spelt(self, text: str, encoding: str) -> str:
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return "".join(self._letter(letter, encoding) for letter in text)
        return text

    def _letter(self, letter: str, encoding: str) -> str:
        try:
            letter.encode(encoding)
        except UnicodeEncodeError:
            self.replaced += 1
            return f"[U+{ord(letter):04X}]"
        return letter
