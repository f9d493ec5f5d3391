"""Write deliveries in the formats that departments use, byte for byte the same each time.

Every writer takes chunks of columns by physical name, in a fixed order, and holds one chunk only.
"""

import gzip
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.demo.dirt import forms
from pipelines.demo.rates import LINE_BREAK, RAGGED_LINE, UNDECODABLE_BYTES
from pipelines.demo.text import Bools, choose, join

Columns = Mapping[str, pa.Array]
XLSX_ROWS_PER_FILE = 400_000  # a sheet holds 1,048,576; smaller files keep readers' memory bounded
_LONG_AGO = datetime(2026, 6, 30, tzinfo=UTC).replace(tzinfo=None)  # not the clock: same bytes


class Writer(Protocol):
    """Takes chunks, says which rows of each arrived whole, and is closed once."""

    def write(self, columns: Columns, rng: np.random.Generator, /) -> Bools:
        """Write a chunk; False marks rows that were damaged beyond use on the way."""

    def close(self) -> None:
        """Finish the delivery."""


class DelimitedWriter:
    """Delimited text, gzipped if the name ends in .gz, with a few ragged lines and broken bytes."""

    def __init__(
        self, path: Path, *, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\r\n"
    ) -> None:
        self._file = _open(path)
        self._delimiter, self._newline = delimiter, newline
        # One byte-order mark, not one per chunk.
        self._encoding = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
        self._head = {"utf-16": b"\xff\xfe", "utf-8-sig": b"\xef\xbb\xbf"}.get(encoding, b"")
        self._breakable = encoding in {"gb18030", "utf-8", "utf-8-sig"}
        self._started = False

    def write(self, columns: Columns, rng: np.random.Generator) -> Bools:
        """Write a chunk; see ``Writer``."""
        if not self._started:
            header = self._delimiter.join(columns) + self._newline
            self._file.write(self._head + header.encode(self._encoding))
            self._started = True
        rows = len(next(iter(columns.values())))
        ragged, broken = rng.random((2, rows)) < [[RAGGED_LINE], [UNDECODABLE_BYTES]]
        fields = [self._quoted(_with_line_break(texts, rng)) for texts in columns.values()]
        lines = pc.binary_join_element_wise(*fields, self._delimiter)
        longer = join(lines, self._delimiter, "备注")
        shorter = pc.binary_join_element_wise(*fields[: max(1, len(fields) - 3)], self._delimiter)
        cut = ragged & (rng.random(rows) < 0.5)
        lines = choose(ragged, choose(cut, shorter, longer), lines)
        broken = broken & ~ragged & self._breakable
        self._write_lines(lines, broken)
        whole: Bools = ~(ragged | broken)
        return whole

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _quoted(self, texts: pa.Array) -> pa.Array:
        special = pc.match_substring_regex(texts, f'[{self._delimiter}"\r\n]'.replace("|", r"\|"))
        if not pc.any(special).as_py():
            return texts
        quoted = join('"', pc.replace_substring(texts, '"', '""'), '"')
        return pc.if_else(special, quoted, texts)

    def _write_lines(self, lines: pa.Array, broken: Bools) -> None:
        start = 0
        for place in [*np.flatnonzero(broken).tolist(), len(lines)]:
            whole = lines.slice(start, place - start).to_pylist()
            text = "".join(line + self._newline for line in whole)
            self._file.write(text.encode(self._encoding))
            if place < len(lines):
                line = lines[place].as_py() + self._newline
                self._file.write(_half_a_character(line, self._encoding))
            start = place + 1


class XlsxWriter:
    """Excel workbooks with _1, _2 … behind the name, as many as the rows need."""

    def __init__(
        self, path: Path, *, sheet: str, title: str = "", date_columns: tuple[str, ...] = ()
    ) -> None:
        self._path, self._title, self._sheet_name = path, title, sheet
        self._dates = date_columns
        self._sheets: list[_Sheet] = []

    def write(self, columns: Columns, _rng: np.random.Generator) -> Bools:
        """Write a chunk; nothing is damaged."""
        rows = [texts.to_pylist() for texts in columns.values()]
        for record in zip(*rows, strict=True):
            if not self._sheets or self._sheets[-1].row > XLSX_ROWS_PER_FILE:
                self._next_file(list(columns))
            self._sheets[-1].append(record)
        return np.ones(len(rows[0]), bool)

    def close(self) -> None:
        """Finish the workbook."""
        if self._sheets:
            self._sheets[-1].close()

    def _next_file(self, header: list[str]) -> None:
        self.close()
        path = self._path.with_stem(f"{self._path.stem}_{len(self._sheets) + 1}")
        dates = {place for place, name in enumerate(header) if name in self._dates}
        sheet = _Sheet(path, self._sheet_name, dates)
        self._sheets.append(sheet)
        if self._title:
            sheet.append([self._title])
        sheet.append(header)


class _Sheet:
    """The only sheet of one workbook, written row by row."""

    def __init__(self, path: Path, name: str, dates: set[int]) -> None:
        import xlsxwriter

        options = {"constant_memory": True, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(path, options)
        self._book.set_properties({"created": _LONG_AGO})
        self._date_format = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheet = self._book.add_worksheet(name)
        self._dates = dates
        self.row = 0

    def append(self, record: Sequence[str]) -> None:
        """Write a row; texts that are dates become date cells in the columns of dates."""
        for place, text in enumerate(record):
            day = forms.read_plain_date(text) if place in self._dates else None
            if day:
                self._sheet.write_datetime(self.row, place, day, self._date_format)
            elif text:
                self._sheet.write_string(self.row, place, text)
        self.row += 1

    def close(self) -> None:
        """Finish the workbook."""
        self._book.close()


class SqliteWriter:
    """One table of an SQLite database file, every column TEXT as departments keep it."""

    def __init__(self, path: Path, *, table: str) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode=OFF")
        self._table, self._insert = table, ""

    def write(self, columns: Columns, _rng: np.random.Generator) -> Bools:
        """Write a chunk; nothing is damaged."""
        if not self._insert:
            names = ", ".join(f'"{name}" TEXT' for name in columns)
            marks = ", ".join("?" for _ in columns)
            self._connection.execute(f'CREATE TABLE "{self._table}" ({names})')
            self._insert = f'INSERT INTO "{self._table}" VALUES ({marks})'  # noqa: S608 - our own name
        blank_to_null = [[text or None for text in texts.to_pylist()] for texts in columns.values()]
        with self._connection:
            self._connection.executemany(self._insert, zip(*blank_to_null, strict=True))
        return np.ones(len(blank_to_null[0]), bool)

    def close(self) -> None:
        """Finish the database."""
        self._connection.close()


class JsonLinesWriter:
    """One JSON object per line; an empty text is left out of the object, as interfaces do."""

    def __init__(self, path: Path) -> None:
        self._file = _open(path)

    def write(self, columns: Columns, _rng: np.random.Generator) -> Bools:
        """Write a chunk; nothing is damaged."""
        names = list(columns)
        rows = [texts.to_pylist() for texts in columns.values()]
        for record in zip(*rows, strict=True):
            row = {name: text for name, text in zip(names, record, strict=True) if text}
            self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        return np.ones(len(rows[0]), bool)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class ParquetWriter:
    """One Parquet file; an empty text is NULL."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, columns: Columns, _rng: np.random.Generator) -> Bools:
        """Write a chunk; nothing is damaged."""
        table = pa.table(
            {name: pc.if_else(pc.equal(texts, ""), None, texts) for name, texts in columns.items()}
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)
        return np.ones(len(table), bool)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


def _open(path: Path) -> IO[bytes]:
    """A binary file; gzip without name and time, so that the bytes do not depend on them."""
    raw = path.open("wb")
    if path.suffix != ".gz":
        return raw
    packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6)
    packed.myfileobj = raw  # type: ignore[assignment]  # what GzipFile closes with itself, as if it had opened it
    return cast(IO[bytes], packed)


def _with_line_break(texts: pa.Array, rng: np.random.Generator) -> pa.Array:
    """Addresses that go on in the next line of the same field."""
    here = rng.random(len(texts)) < LINE_BREAK
    return choose(here, pc.replace_substring(texts, "号", "号\n", max_replacements=1), texts)


def _half_a_character(line: str, encoding: str) -> bytes:
    """The line with the first Chinese character cut in half before an ASCII sign."""
    place = next((i for i, sign in enumerate(line) if sign > "\u4e00"), 0)
    head, sign, rest = line[:place], line[place], line[place + 1 :]
    half = sign.encode(encoding)[:1] if ord(sign) > 0x7F else b"\xff"
    return head.encode(encoding) + half + b" " + rest.encode(encoding)
