"""Inspect a sample of a department's data: its format, encoding, columns and some values."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import UnreadableDelivery
from pipelines.extract.connections.database import render
from pipelines.extract.formats.chunk import Chunk
from pipelines.extract.formats.delimited import read_delimited
from pipelines.extract.formats.encodings import detect, open_plain, utf8_blocks
from pipelines.extract.formats.excel import first_rows, read_excel
from pipelines.extract.formats.jsonlines import read_json_lines
from pipelines.extract.formats.parquet import read_parquet

ROWS = 5_000  # records looked at; enough to tell a key from what only seems unique
Kind = Literal["csv", "xlsx", "jsonl", "parquet", "sqlite"]

_DELIMITERS = (",", "\t", "|", ";", "|@|", "||", "^", "\x01")


@dataclass(frozen=True)
class Sample:
    """What a sample shows; ``values`` has some of each column's values, in order of rows."""

    file: Path
    kind: Kind
    values: Mapping[str, Sequence[str | None]]
    encoding: str = "utf-8"
    delimiter: str = ","
    table: str = ""


def look_at(file: Path, name: str) -> Sample:
    """Recognise a sample by what is in it, and read its beginning.

    Raises:
        UnreadableDelivery: it is none of the kinds that can be landed.
    """
    if not file.is_file():
        raise UnreadableDelivery(name, str(file), "There is no such file.", "Correct the path.")
    with open_plain(file) as stream:
        start = stream.read(4096)
    if start.startswith(b"SQLite format 3"):
        return _sqlite(file, name)
    if start.startswith(b"PAR1"):
        names = pq.read_schema(file).names
        return Sample(file, "parquet", _values(read_parquet(_source(file, name, names), file)))
    if start.startswith(b"PK"):
        names = _excel_header(file, name)
        return Sample(file, "xlsx", _values(read_excel(_source(file, name, names), file)))
    encoding = detect(file, "auto").name
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        records = read_json_lines(_source(file, name, []), file, encoding, rows=ROWS)
        return Sample(file, "jsonl", _values(records), encoding)
    return _delimited(file, name, encoding)


def _source(file: Path, name: str, names: Sequence[str], delimiter: str = ",") -> Source:
    """A source that maps every column, for the readers to take them all."""
    return Source(
        name=name,
        title="",
        library="",
        file=file,
        server=Server(kind="file", format="csv", location=str(file), delimiter=delimiter),
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


def _excel_header(file: Path, name: str) -> list[str]:
    """The row, among the first ones, in which the most cells hold text."""
    rows = first_rows(_source(file, name, []), file)
    return max((list(row.cells.values()) for row in rows), key=len, default=[])


def _delimited(file: Path, name: str, encoding: str) -> Sample:
    """The delimiter is the one that gives the header most columns and the other lines as many."""
    text = b"".join(islice(utf8_blocks(file, encoding, 1 << 16), 1)).decode("utf-8", "replace")
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    if not lines or "\0" in text:
        raise UnreadableDelivery(
            name, file.name, "It is empty, or nothing that can be landed.",
            "Give delimited text, .xlsx, JSON lines, Parquet or SQLite.",
        )  # fmt: skip
    long = [each for each in _DELIMITERS if len(each) > 1 and _columns(lines, each) > 1]
    delimiter = max(long or _DELIMITERS, key=lambda each: _columns(lines, each))
    header = lines[0].replace('"', "").split(delimiter)
    source = _source(file, name, header, delimiter)
    return Sample(file, "csv", _values(read_delimited(source, file, encoding)), encoding, delimiter)


def _columns(lines: Sequence[str], delimiter: str) -> int:
    """Columns of the header, if at least half of the lines have as many; else one."""
    width = lines[0].count(delimiter)
    return (
        width + 1 if sum(line.count(delimiter) == width for line in lines) * 2 > len(lines) else 1
    )


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
