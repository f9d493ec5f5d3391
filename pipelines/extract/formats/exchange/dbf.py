"""dBase and FoxPro tables (``.dbf``): fixed records behind a header that describes them.

Text is in the code page that the header names, where it names a Chinese one; many programs write
none, or a western one around Chinese text, so then the bytes decide, unless the contract says. A
record that is marked as deleted is none; memos lie in another file, which is not read.

The form: dBASE .DBF File Structure, and Table File Structure in the documentation of Visual FoxPro.
"""

import datetime as dt
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.big5 import BIG5, reads_like_big5
from pipelines.extract.formats.chunk import (
    UNDECODABLE_BYTES,
    Chunk,
    Defect,
    empty_chunk,
    string_array,
)
from pipelines.extract.formats.columns import header_names
from pipelines.extract.formats.encodings import damaged, open_plain
from pipelines.extract.remarks import remark

RECORDS = 20_000  # turned to columns at a time
_SAMPLE = 1 << 18  # bytes of records looked at to tell encodings apart
_CODE_PAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: BIG5, 0x78: BIG5}
_DELETED = ord("*")
_MEMOS = frozenset("MGPW")
_FOX_PRO = frozenset((0x30, 0x31, 0x32))
_JULIAN = 1_721_425  # the Julian day of 1 January of year 1, less one day of its ordinal
_SYSTEM = 0x01  # flag of a column that FoxPro keeps for itself


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    start: int
    size: int
    places: int


@dataclass(frozen=True)
class _Table:
    version: int
    records: int
    begin: int
    length: int
    page: int
    fields: Sequence[_Field]


class _NotDecoded(ValueError):
    """Text of a record that is not in the table's encoding."""


def read_dbf(source: Source, file: Path, records: int = RECORDS) -> Iterator[Chunk]:
    """The records of a dBase table; the first chunk is empty and tells the columns.

    The line of a record is its number, from 1, deleted ones counted.

    Raises:
        UnreadableDelivery: it breaks off, or is no dBase table.
    """
    with damaged(source, file), open_plain(file) as stream:
        table = _table(source, file, stream)
        sample = stream.read(_SAMPLE)
    encoding = _encoding(source, table, sample)
    names = header_names(source, file.name, [_name(each, encoding) for each in table.fields])
    yield empty_chunk(names)
    deleted = 0
    with damaged(source, file), open_plain(file) as stream:
        stream.read(table.begin)
        for first in range(0, table.records, records):
            wanted = min(records, table.records - first)
            content = stream.read(wanted * table.length)
            if len(content) < wanted * table.length:
                raise _broken(
                    source, file,
                    f"It breaks off after record {first + len(content) // table.length}; its "
                    f"header says {table.records}.",
                )  # fmt: skip
            chunk, removed = _chunk(table, content, first + 1, names, encoding)
            deleted += removed
            yield chunk
    remarks = [remark(source, "deleted_rows", file.name, count=deleted)] if deleted else []
    if any(each.kind in _MEMOS for each in table.fields):
        remarks.append(remark(source, "memos", file.name))
    if remarks:
        yield replace(empty_chunk(names), remarks=remarks)


def dbf_columns(source: Source, file: Path) -> list[str]:
    """The names of the columns of a dBase table.

    Raises:
        UnreadableDelivery: it is no dBase table.
    """
    with damaged(source, file), open_plain(file) as stream:
        table = _table(source, file, stream)
        encoding = _encoding(source, table, stream.read(_SAMPLE))
    return [_name(each, encoding) for each in table.fields]


def _table(source: Source, file: Path, stream: BinaryIO) -> _Table:
    head = stream.read(32)
    if len(head) < 32:
        raise _broken(source, file, "It is no dBase table, or breaks off in its header.")
    version, records, begin, length = head[0], *struct.unpack("<IHH", head[4:12])
    rest = stream.read(begin - 32) if begin > 32 else b""
    fields, place = list[_Field](), 1
    for at in range(0, len(rest) - 31, 32):
        if rest[at] in b"\r\0":
            break
        name, kind = rest[at : at + 11].partition(b"\0")[0], chr(rest[at + 11])
        size, places = rest[at + 16], rest[at + 17]
        if kind == "C" and version not in _FOX_PRO:
            size, places = size + 256 * places, 0  # how Clipper writes texts above 255
        if not rest[at + 18] & _SYSTEM or version not in _FOX_PRO:
            fields.append(_Field(name, kind, place, size, places))
        place += size
    if not fields or place > length or len(rest) < begin - 32:
        raise _broken(source, file, "It is no dBase table: its header does not fit its records.")
    return _Table(version, records, begin, length, head[29], fields)


def _encoding(source: Source, table: _Table, sample: bytes) -> str:
    declared = source.server.encoding
    if declared != "auto":
        return declared
    if table.page in _CODE_PAGES:
        return _CODE_PAGES[table.page]
    texts = [
        sample[at + each.start : at + each.start + each.size].rstrip(b" \0")
        for at in range(0, len(sample) - table.length + 1, table.length)
        for each in table.fields
        if each.kind == "C"
    ]
    text = b"\n".join([*(each.name for each in table.fields), *texts])
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return BIG5 if reads_like_big5(text) else "gb18030"
    return "utf-8"


def _name(column: _Field, encoding: str) -> str:
    return column.name.decode(encoding, "replace").strip()


def _chunk(
    table: _Table, content: bytes, first: int, names: Sequence[str], encoding: str
) -> tuple[Chunk, int]:
    """Records of a block, and how many of it are deleted."""
    rows: list[list[str | None]] = []
    lines: list[int] = []
    defects: list[Defect] = []
    deleted = 0
    for number, at in enumerate(range(0, len(content), table.length), start=first):
        if content[at] == _DELETED:
            deleted += 1
            continue
        record = content[at : at + table.length]
        try:
            rows.append([_value(record, each, table.version, encoding) for each in table.fields])
            lines.append(number)
        except _NotDecoded:
            shown = record[1:].decode(encoding, "backslashreplace").rstrip()
            defects.append(Defect(number, UNDECODABLE_BYTES, shown))
    columns = {name: string_array([row[place] for row in rows]) for place, name in enumerate(names)}
    return Chunk(columns, np.array(lines, np.int64), defects), deleted


def _value(record: bytes, column: _Field, version: int, encoding: str) -> str | None:
    """A value as text; NULL for a memo, which is in another file, and for nothing."""
    raw = record[column.start : column.start + column.size]
    kind, fox_pro = column.kind, version in _FOX_PRO
    if kind in _MEMOS or (kind == "B" and not fox_pro):
        return None
    if kind in "I+" and column.size == 4:
        return str(int.from_bytes(raw, "little" if kind == "I" else "big", signed=True))
    if kind == "B" and column.size == 8:
        return f"{struct.unpack('<d', raw)[0]:.15g}"
    if kind == "Y" and column.size == 8:
        return f"{int.from_bytes(raw, 'little', signed=True) / 10_000:.4f}"
    if kind in "T@" and column.size == 8:
        return _moment(raw)
    try:
        text = raw.rstrip(b" \0").decode(encoding)
    except UnicodeDecodeError:
        raise _NotDecoded from None
    return text if kind == "C" else text.strip()


def _moment(raw: bytes) -> str | None:
    day, milliseconds = struct.unpack("<II", raw)
    if not day:
        return None
    try:
        date = dt.date.fromordinal(day - _JULIAN + 1)
    except (ValueError, OverflowError):
        return f"{day} {milliseconds}"
    moment = dt.datetime.combine(date, dt.time()) + dt.timedelta(milliseconds=milliseconds)
    return moment.isoformat(sep=" ", timespec="seconds")


def _broken(source: Source, file: Path, problem: str) -> UnreadableDelivery:
    return UnreadableDelivery(
        source.name, file.name, problem, "Ask for it to be delivered again, whole."
    )
