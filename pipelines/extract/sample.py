"""Inspect a sample of a department's data: its format, encoding, columns and some values.

Nothing that is in the sample reaches a message: whoever writes a contract may not read the data.
What is not plain text is looked at in a process of its own, as deliveries are read.
"""

import csv
import io
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast
from xml.parsers import expat

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts.source import Owner, Position, Server, Source, SourceColumn
from pipelines.errors import UnreadableDelivery
from pipelines.extract.connections.database import render
from pipelines.extract.formats.archives import ARCHIVES, unpack
from pipelines.extract.formats.chunk import Chunk
from pipelines.extract.formats.encodings import choose, detect, open_plain, utf8_blocks
from pipelines.extract.formats.excel import SHEETS, first_rows, read_excel
from pipelines.extract.formats.exchange.dbf import dbf_columns, read_dbf
from pipelines.extract.formats.exchange.fixed_width import read_fixed_width
from pipelines.extract.formats.exchange.xml_records import read_xml
from pipelines.extract.formats.json_documents import read_json
from pipelines.extract.formats.jsonlines import at_path
from pipelines.extract.formats.parquet import read_parquet
from pipelines.extract.formats.recognise import NAMES, recognise
from pipelines.extract.formats.recognise import Kind as Form
from pipelines.extract.formats.sheets.rows import Row
from pipelines.extract.formats.text.delimited import read_delimited
from pipelines.extract.header import find_header, looks_like_data
from pipelines.extract.limits import STANDARD
from pipelines.extract.reader_process import Call, ReaderCrashed, call_apart
from pipelines.extract.samples.fixed_width import guess_positions
from pipelines.extract.samples.record_paths import json_document, json_paths, xml_path

ROWS = 5_000  # records looked at; enough to tell a key from what only seems unique
Kind = Literal["csv", "xlsx", "jsonl", "parquet", "sqlite", "xml", "dbf", "fixed"]

_BLOCK = 1 << 20  # bytes of text looked at
_LINES = 2_000  # lines of fixed width compared
_LINES_OF_A_RECORD = 4  # at most, on average: more are a quotation mark that is never closed
_FEW = 3  # records of which none is left out
_BEFORE_JSON = b"\xef\xbb\xbf \r\n\t"
_DELIMITERS = (",", "\t", "|", ";", "|@|", "||", "^", "\x01")
_CAN_BE_LANDED = (
    "Give delimited text or one of fixed width, a workbook, JSON, XML, dBase, Parquet, SQLite or "
    "an archive of such files."
)
_PLAIN: frozenset[Form] = frozenset({"text", "json", "empty"})


@dataclass(frozen=True)
class Sample:
    """What a sample shows; ``values`` has some of each column's values, in order of rows.

    ``header_row`` is that of the header where the reader would not find it; 0: there is none.
    ``records_path``: where the records of a document are. ``positions``: first and last byte of
    columns of fixed width, as it seems. ``sheets``: those to read, where not the only one.
    """

    file: Path
    kind: Kind
    values: Mapping[str, Sequence[str | None]]
    encoding: str = "utf-8"
    delimiter: str = ","
    table: str = ""
    header_row: int | None = None
    records_path: str = ""
    positions: Sequence[tuple[int, int]] = ()
    sheets: Sequence[str] = ()


def look_at_guarded(file: Path, name: str) -> Sample:
    """``look_at``, in a process of its own where the sample is not plain text.

    Raises:
        UnreadableDelivery: as ``look_at``, or its reader crashed or needs too much memory.
    """
    if not file.is_file() or _form(file, name) in _PLAIN:
        return look_at(file, name)
    look = Call("pipelines.extract.sample", "look_at", (file, name), STANDARD.reader_memory)
    try:
        return cast(Sample, call_apart(look))
    except ReaderCrashed as crash:
        problem = "takes more memory than a reader may use" if crash.by_memory else "crashes"
        raise _unusable(file, name, f"To read it {problem} ({crash.how}).") from None


def _form(file: Path, name: str) -> Form:
    with _quoting_nothing(file, name):
        return recognise(file)


def look_at(file: Path, name: str) -> Sample:
    """Recognise a sample by what is in it, and read its beginning.

    Raises:
        UnreadableDelivery: it is none of the kinds that can be landed. Quotes nothing of it.
    """
    if not file.is_file():
        raise UnreadableDelivery(name, str(file), "There is no such file.", "Correct the path.")
    kind = _form(file, name)
    if kind in ARCHIVES:
        return _archive(file, name)
    if kind == "text":
        return _fixed_width(file, name) or _delimited(file, name)
    if kind in SHEETS:
        return _workbook(file, name)
    if look := _LOOKS.get(kind):
        return look(file, name)
    raise _unusable(file, name, f"It is {NAMES[kind]}, or nothing that can be landed.")


def _archive(file: Path, name: str) -> Sample:
    """The first file in it that can be landed; the contract is about the archive."""
    with TemporaryDirectory(prefix="sample-") as folder, _quoting_nothing(file, name):
        for member in unpack(_source(file, name, []), file, Path(folder), STANDARD):
            try:
                return replace(look_at(member.file, name), file=file)
            except UnreadableDelivery:
                continue
    raise _unusable(file, name, "No file in it can be landed.")


def _unusable(file: Path, name: str, problem: str) -> UnreadableDelivery:
    return UnreadableDelivery(name, file.name, problem, _CAN_BE_LANDED)


@contextmanager
def _quoting_nothing(file: Path, name: str) -> Iterator[None]:
    """Turn what a reader says, which may quote names and values, into a statement without them."""
    try:
        yield
    except (
        OSError,
        EOFError,
        LookupError,
        ValueError,
        zlib.error,
        sqlite3.Error,
        expat.ExpatError,
    ) as error:
        raise _unusable(file, name, f"It is damaged ({type(error).__name__}).") from None
    except (UnreadableDelivery, pa.ArrowException) as error:
        problem = f"It cannot be read as what it seems to be ({type(error).__name__})."
        raise _unusable(file, name, problem) from None


def _source(
    file: Path,
    name: str,
    names: Sequence[str],
    **server: Any,
) -> Source:
    """A source that maps every column, for the readers to take them all."""
    return Source(
        name=name,
        title="",
        library="",
        file=file,
        server=Server(kind="file", format="csv", location=str(file), **server),
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
    """JSON in any form; keys that look like data are no columns."""
    with _quoting_nothing(file, name):
        encoding = detect(file, "auto").name
        path, names = _records_of_json(file, encoding)
        source = _source(file, name, names, records_path=path)
        values = _values(read_json(source, file, encoding))
    if not values:
        problem = "It is JSON, but has no list of records, and no record on each line."
        raise UnreadableDelivery(
            name, file.name, problem, "Ask for a list of objects, or for one object on each line."
        )
    _refuse_data_as_names(file, name, values)
    return Sample(file, "jsonl", values, encoding, records_path=path)


def _records_of_json(file: Path, encoding: str) -> tuple[str, list[str]]:
    """The path of the records, "" where the text is a list or lines, and names of columns."""
    text = _beginning(file, encoding, _BLOCK).strip(_BEFORE_JSON)
    if text.startswith(b"["):
        return "", []
    first = json_document(text.split(b"\n", 1)[0])
    paths = json_paths(first) if isinstance(first, dict) else []
    if isinstance(first, dict) and (b"\n" in text or not paths):
        return "", list(first)  # a record on each line
    whole = text if len(text) < _BLOCK // 2 else _beginning(file, encoding, STANDARD.page_bytes)
    document = first if paths else json_document(whole)
    paths = paths or json_paths(document)
    if not paths:
        return "", []
    records = at_path(document, paths[0][0])
    found = (
        [each for each in records if isinstance(each, dict)] if isinstance(records, list) else []
    )
    return paths[0][0], list(dict.fromkeys(key for each in found[:10] for key in each))


def _beginning(file: Path, encoding: str, most: int) -> bytes:
    """As UTF-8, and at least as many bytes as that, if there are so many."""
    text = bytearray()
    for block in utf8_blocks(file, encoding, _BLOCK):
        text += block
        if len(text) >= most:
            break
    return bytes(text)


def _refuse_data_as_names(file: Path, name: str, values: Mapping[str, object]) -> None:
    names = (part for name in values for part in re.split("[.@]", name) if part)
    if any(map(looks_like_data, names)):
        problem = "The names of its values look like data, not like names of columns."
        raise UnreadableDelivery(name, file.name, problem, "Ask for the same names in each record.")


def _xml(file: Path, name: str) -> Sample:
    with _quoting_nothing(file, name):
        encoding = choose(_source(file, name, [], encoding="auto"), file).name
        path = xml_path(file, encoding)
        source = _source(file, name, [], records_path=path)
        values = _values(read_xml(source, file, encoding)) if path else {}
    if not values:
        raise _unusable(file, name, "It is XML in which nothing repeats that could be a record.")
    _refuse_data_as_names(file, name, values)
    return Sample(file, "xml", values, encoding, records_path=path)


def _dbf(file: Path, name: str) -> Sample:
    with _quoting_nothing(file, name):
        names = dbf_columns(_source(file, name, [], encoding="auto"), file)
        values = _values(read_dbf(_source(file, name, names, encoding="auto"), file))
    return Sample(file, "dbf", values, "auto")


def _fixed_width(file: Path, name: str) -> Sample | None:
    """A text of fixed width; None where it has none, or a delimiter."""
    with _quoting_nothing(file, name):
        encoding = detect(file, "auto").name
        if encoding.startswith("utf-16"):
            return None
        with open_plain(file) as stream:
            lines = [line.rstrip(b"\r") for line in stream.read(_BLOCK).split(b"\n")[:-1][:_LINES]]
        text = [line.decode(encoding, "replace") for line in lines[:50]]
        positions = guess_positions(lines)
        if not positions or any(_columns(text, each) > 1 for each in _DELIMITERS):
            return None
        named = [Position(f"column_{n}", *places) for n, places in enumerate(positions, start=1)]
        source = _source(file, name, [each.name for each in named], positions=named)
        values = _values(read_fixed_width(source, file, encoding))
    return Sample(file, "fixed", values, encoding, positions=positions)


def _workbook(file: Path, name: str) -> Sample:
    """The first sheet with a header; all that have the same one, where several do."""
    with _quoting_nothing(file, name):
        sheets = {n: rows for n, rows in first_rows(_source(file, name, []), file).items() if rows}
        heads = {n: _names_in(rows) for n, rows in sheets.items()}
        named = [n for n, names in heads.items() if names] or list(sheets)[:1]
        same = [n for n in named if heads[n] and heads[n] == heads[named[0]]] or named
        names = heads[named[0]] if named else None
        header_row = None if names else 0
        width = max((max(row.cells) + 1 for n in named[:1] for row in sheets[n]), default=0)
        read = same if len(sheets) > 1 else []
        source = _source(
            file, name, names or _numbered(width), header_row=header_row, sheets=tuple(read)
        )
        values = _values(read_excel(source, file)) if named else {}
    if not values:
        raise _unusable(file, name, "It is empty.")
    return Sample(file, "xlsx", values, header_row=header_row, sheets=read)


def _names_in(rows: Sequence[Row]) -> list[str] | None:
    """The names in the header of a sheet; None where no row is one."""
    width = max(max(row.cells) + 1 for row in rows)
    cells = [[row.cells.get(place, "") for place in range(width)] for row in rows]
    place = find_header(cells)
    return None if place is None else [cell for cell in cells[place] if cell]


def _numbered(width: int) -> list[str]:
    return [f"column_{place}" for place in range(1, width + 1)]


def _delimited(file: Path, name: str) -> Sample:
    """The delimiter is the one that gives most columns, and most lines as many."""
    with _quoting_nothing(file, name):
        encoding = detect(file, "auto").name
        text = _beginning(file, encoding, 1 << 16)[: 1 << 16].decode("utf-8", "replace")
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
        source = _source(file, name, names, delimiter=delimiter, header_row=header_row)
        values = _values(read_delimited(source, file, encoding))
    return Sample(file, "csv", values, encoding, delimiter, header_row=header_row)


def _split(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return [cell.strip('"') for cell in line.split(delimiter)]
    return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])


def _columns(lines: Sequence[str], delimiter: str) -> int:
    """Columns of most records, if at least half of them have as many; else one."""
    widths = sorted(len(record) for record in _records(lines, delimiter))
    width = widths[len(widths) // 2]
    return width if sum(each == width for each in widths) * 2 > len(widths) else 1


def _records(lines: Sequence[str], delimiter: str) -> Sequence[Sequence[str]]:
    """Lines taken to pieces; where quotation marks close, a record may have several lines."""
    if len(delimiter) == 1:
        try:
            quoted = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
        except csv.Error:
            quoted = []
        if len(quoted) * _LINES_OF_A_RECORD >= len(lines):
            return quoted[:-1] if len(quoted) > _FEW else quoted  # the last may be cut off
    return [line.split(delimiter) for line in lines]


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


_LOOKS: Mapping[Form, Callable[[Path, str], Sample]] = {
    "sqlite": _sqlite, "parquet": _parquet, "json": _json, "xml": _xml, "dbf": _dbf,
}  # fmt: skip
