"""Inspect a sample of a department's data: its format, encoding, columns and some values.

Nothing that is in the sample reaches a message: whoever writes a contract may not read the data.
"""

import csv
import io
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import UnreadableDelivery
from pipelines.extract.connections.database import render
from pipelines.extract.formats.chunk import Chunk
from pipelines.extract.formats.delimited import read_delimited
from pipelines.extract.formats.encodings import detect, utf8_blocks
from pipelines.extract.formats.excel import SHEETS, first_rows, read_excel
from pipelines.extract.formats.jsonlines import read_json_lines
from pipelines.extract.formats.parquet import read_parquet
from pipelines.extract.formats.recognise import NAMES, recognise
from pipelines.extract.header import find_header, looks_like_data

ROWS = 5_000  # records looked at; enough to tell a key from what only seems unique
Kind = Literal["csv", "xlsx", "jsonl", "parquet", "sqlite"]

_DELIMITERS = (",", "\t", "|", ";", "|@|", "||", "^", "\x01")
_BEFORE_JSON = b"\xef\xbb\xbf \r\n\t"
_CAN_BE_LANDED = "Give delimited text, a workbook, JSON lines, Parquet or SQLite."


@dataclass(frozen=True)
class Sample:
    """What a sample shows; ``values`` has some of each column's values, in order of rows.

    ``header_row`` is that of the header where the reader would not find it; 0: there is none.
    """

    file: Path
    kind: Kind
    values: Mapping[str, Sequence[str | None]]
    encoding: str = "utf-8"
    delimiter: str = ","
    table: str = ""
    header_row: int | None = None


def look_at(file: Path, name: str) -> Sample:
    """Recognise a sample by what is in it, and read its beginning.

    Raises:
        UnreadableDelivery: it is none of the kinds that can be landed. Quotes nothing of it.
    """
    if not file.is_file():
        raise UnreadableDelivery(name, str(file), "There is no such file.", "Correct the path.")
    with _quoting_nothing(file, name):
        kind = recognise(file)
    if kind == "sqlite":
        return _sqlite(file, name)
    if kind == "parquet":
        return _parquet(file, name)
    if kind in SHEETS:
        return _workbook(file, name)
    if kind == "json":
        return _json(file, name)
    if kind == "text":
        return _delimited(file, name)
    raise _unusable(file, name, f"It is {NAMES[kind]}, or nothing that can be landed.")


def _unusable(file: Path, name: str, problem: str) -> UnreadableDelivery:
    return UnreadableDelivery(name, file.name, problem, _CAN_BE_LANDED)


@contextmanager
def _quoting_nothing(file: Path, name: str) -> Iterator[None]:
    """Turn what a reader says, which may quote names and values, into a statement without them."""
    try:
        yield
    except (OSError, EOFError, LookupError, ValueError, zlib.error, sqlite3.Error) as error:
        raise _unusable(file, name, f"It is damaged ({type(error).__name__}).") from None
    except (UnreadableDelivery, pa.ArrowException) as error:
        problem = f"It cannot be read as what it seems to be ({type(error).__name__})."
        raise _unusable(file, name, problem) from None


def _source(
    file: Path,
    name: str,
    names: Sequence[str],
    delimiter: str = ",",
    header_row: int | None = None,
) -> Source:
    """A source that maps every column, for the readers to take them all."""
    server = Server(
        kind="file",
        format="csv",
        location=str(file),
        delimiter=delimiter,
        header_row=header_row,
    )
    return Source(
        name=name,
        title="",
        library="",
        file=file,
        server=server,
        columns=[SourceColumn(each.strip(), each.strip()) for each in names],
        owner=Owner("", "", ()),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=1),
    )


def _values(chunks: Iterable[Chunk]) -> dict[str, list[str | None]]:
    """Some values of each column; a record that lacks a column has no value there."""
    values: dict[str, list[str | None]] = {}
    rows = 0
    for chunk in chunks:
        for name in dict.fromkeys([*values, *chunk.columns]):
            column = chunk.columns.get(name)
            before = values.setdefault(name, [None] * rows)
            before += [None] * len(chunk.lines) if column is None else column.to_pylist()
        rows += len(chunk.lines)
        if rows >= ROWS:
            break
    return values


def _parquet(file: Path, name: str) -> Sample:
    with _quoting_nothing(file, name):
        names = pq.read_schema(file).names
        return Sample(file, "parquet", _values(read_parquet(_source(file, name, names), file)))


def _json(file: Path, name: str) -> Sample:
    """JSON lines; keys that look like data are no columns."""
    with _quoting_nothing(file, name):
        encoding = detect(file, "auto").name
        start = b"".join(islice(utf8_blocks(file, encoding, 1 << 16), 1)).lstrip(
            b"\xef\xbb\xbf \r\n\t"
        )
        records = read_json_lines(_source(file, name, []), file, encoding, rows=ROWS)
        values = {} if start.startswith(b"[") else _values(records)
    if not values:
        problem = "It is JSON, but has no record on each line."
        raise UnreadableDelivery(
            name, file.name, problem, "Ask for JSON lines: one object on each line."
        )
    if any(map(looks_like_data, values)):
        problem = "The keys of its objects look like data, not like names of columns."
        raise UnreadableDelivery(name, file.name, problem, "Ask for the same keys in each record.")
    return Sample(file, "jsonl", values, encoding)


def _workbook(file: Path, name: str) -> Sample:
    with _quoting_nothing(file, name):
        rows = first_rows(_source(file, name, []), file)
        width = max((max(row.cells) + 1 for row in rows if row.cells), default=0)
        cells = [[row.cells.get(place, "") for place in range(width)] for row in rows]
        place = find_header(cells)
        names = _numbered(width) if place is None else [cell for cell in cells[place] if cell]
        header_row = 0 if place is None else None
        source = _source(file, name, names, header_row=header_row)
        values = _values(read_excel(source, file)) if rows else {}
    if not values:
        raise _unusable(file, name, "It is empty.")
    return Sample(file, "xlsx", values, header_row=header_row)


def _numbered(width: int) -> list[str]:
    return [f"column_{place}" for place in range(1, width + 1)]


def _delimited(file: Path, name: str) -> Sample:
    """The delimiter is the one that gives most columns, and most lines as many."""
    with _quoting_nothing(file, name):
        encoding = detect(file, "auto").name
        text = b"".join(islice(utf8_blocks(file, encoding, 1 << 16), 1)).decode("utf-8", "replace")
    lines = [line for line in re.split(r"\r\n?|\n", text)[:50] if line.strip()]
    if not lines or "\0" in text:
        raise _unusable(file, name, "It is empty, or nothing that can be landed.")
    long = [each for each in _DELIMITERS if len(each) > 1 and _columns(lines, each) > 1]
    delimiter = max(long or _DELIMITERS, key=lambda each: _columns(lines, each))
    rows = [_split(line, delimiter) for line in lines]
    place = find_header(rows)
    names = _numbered(len(rows[0])) if place is None else rows[place]
    header_row = 0 if place is None else None
    with _quoting_nothing(file, name):
        source = _source(file, name, names, delimiter, header_row)
        values = _values(read_delimited(source, file, encoding))
    return Sample(file, "csv", values, encoding, delimiter, header_row=header_row)


def _split(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return [cell.strip('"') for cell in line.split(delimiter)]
    return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])


def _columns(lines: Sequence[str], delimiter: str) -> int:
    """Columns of most lines, if at least half of the lines have as many; else one."""
    widths = sorted(line.count(delimiter) for line in lines)
    width = widths[len(widths) // 2]
    return width + 1 if sum(each == width for each in widths) * 2 > len(lines) else 1


def _sqlite(file: Path, name: str) -> Sample:
    """The table with the most columns, for that is seldom a code table."""
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
        listed = database.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        tables = {table: _table(database, table) for (table,) in listed.fetchall()}
    if not tables:
        raise UnreadableDelivery(name, file.name, "It has no table.", "Give another sample.")
    table = max(tables, key=lambda each: len(tables[each]))
    return Sample(file, "sqlite", tables[table], table=table)


def _table(database: sqlite3.Connection, table: str) -> dict[str, list[str | None]]:
    quoted = table.replace('"', '""')
    rows = database.execute(f'SELECT * FROM "{quoted}" LIMIT {ROWS}')  # noqa: S608 - quoted
    names = [column[0] for column in rows.description]
    columns = list(zip(*rows.fetchall(), strict=True)) or [()] * len(names)
    return {n: [render(value) for value in c] for n, c in zip(names, columns, strict=True)}
