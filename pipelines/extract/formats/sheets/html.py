"""Tables of a web page, which many systems save as ``.xls``."""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from pipelines.extract.formats.encodings import detect, open_plain
from pipelines.extract.formats.sheets.rows import Row

BLOCK = 1 << 18  # bytes read at a time
_CHARSET = re.compile(rb"(?i)charset\s*=\s*[\"']?([\w-]+)")
_IN_GB18030 = frozenset({"gb2312", "gbk", "cp936", "x-gbk"})
_MOST_SPANNED = 16_384  # columns of a sheet; a page may claim any number


@dataclass
class _Table:
    rows: list[Row] = field(default_factory=list)


class HtmlTables:
    """The tables of a page as sheets; a table inside a cell is text of that cell."""

    def __init__(self, file: Path) -> None:
        self._file = file
        reader = _Reader()
        for text in _texts(file):
            reader.feed(text)
        reader.close()
        self._tables = [table.rows for table in reader.tables if table.rows]
        self.names = [f"table {number}" for number in range(1, len(self._tables) + 1)]

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a table in which anything is written."""
        return iter(self._tables[self.names.index(name)])


def _texts(file: Path) -> Iterator[str]:
    with open_plain(file) as stream:
        head = stream.read(4096)
    declared = _CHARSET.search(head)
    encoding = detect(file, "auto").name
    if declared and encoding == "utf-8" and not head.isascii():
        encoding = "utf-8"  # text that is UTF-8 is, whatever the page says of itself
    elif declared:
        name = declared[1].decode().lower()
        with suppress(LookupError):
            encoding = codecs.lookup("gb18030" if name in _IN_GB18030 else name).name
    decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
    with open_plain(file) as stream:
        while block := stream.read(BLOCK):
            yield decoder.decode(block)
    yield decoder.decode(b"", True)


class _Reader(HTMLParser):
    """Gathers rows of the outermost tables."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[_Table] = []
        self._depth = 0
        self._number = 0
        self._column = -1
        self._row: Row | None = None
        self._text: list[str] | None = None
        self._span = (1, 1)
        self._below: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, and their text
        self._later: dict[int, tuple[int, str]] = {}  # the same, from the next row on
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"style", "script"}:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(_Table())
                self._number, self._below = 0, {}
        elif self._depth != 1:
            return
        elif tag == "tr":
            self._end_row()
            self._number += 1
            self._row, self._column = Row(self._number, {}), -1
        elif tag in {"td", "th"} and self._row is not None:
            self._end_cell()
            given = dict(attrs)
            self._span = (_span(given.get("colspan")), _span(given.get("rowspan")))
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._silent = max(0, self._silent - 1)
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._end_row()
            self._depth -= 1
        elif self._depth == 1 and tag in {"td", "th"}:
            self._end_cell()
        elif self._depth == 1 and tag == "tr":
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._silent:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None or self._row is None:
            return
        text = re.sub(r"[ \t\r\f]+", " ", "".join(self._text)).strip(" \n\xa0")
        self._text = None
        self._fill_from_above()
        wide, high = self._span
        self._column += 1
        if text:
            self._row.cells[self._column] = text
            if high > 1:
                self._below[self._column] = (high - 1, text)
        elif high > 1:
            self._below[self._column] = (high - 1, "")
        self._column += wide - 1

    def _fill_from_above(self) -> None:
        """Take the places of cells that reach down from rows above."""
        while self._row is not None and (self._column + 1) in self._below:
            self._column += 1
            rows, text = self._below.pop(self._column)
            if text:
                self._row.cells[self._column] = text
                self._row.filled = (*self._row.filled, self._column)
            if rows > 1:
                self._later[self._column] = (rows - 1, text)

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        own = set(self._row.cells) - set(self._row.filled)
        self._fill_from_above()
        if own:
            self.tables[-1].rows.append(self._row)
        self._below |= self._later
        self._later.clear()
        self._row = None


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _MOST_SPANNED) if text and text.isdecimal() else 1
