"""Text of fixed width: each column at its place in the line, by bytes or by characters.

Places are bytes, as a rule: such files are made by programs for which a Chinese character has two.
A line is cut as it is delivered, and each part decoded by itself, so that a byte that does not
decode, or half of a character at the edge of a column, is a defect of its line only.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import (
    RAGGED_LINE,
    UNDECODABLE_BYTES,
    Chunk,
    Defect,
    empty_chunk,
    string_array,
)
from pipelines.extract.formats.encodings import BLOCK, damaged, open_plain
from pipelines.extract.formats.text.line_ends import END_OF_FILE

LINES = 50_000  # turned to columns at a time
_LONGEST = 64 << 20  # bytes; a longer line is no text
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_fixed_width(
    source: Source, file: Path, encoding: str, lines: int = LINES
) -> Iterator[Chunk]:
    """The records of a file of fixed width; the first chunk is empty and tells the columns.

    Empty lines are none. A line that ends before the key does is a ragged one.

    Raises:
        UnreadableDelivery: it is no text, or a line has no end.
    """
    names = [position.name for position in source.server.positions]
    yield empty_chunk(names)
    pending: list[tuple[int, bytes]] = []
    with damaged(source, file):
        for number, line in _lines(source, file, encoding):
            if number > (source.server.header_row or 0) and line.strip(b" \0\t"):
                pending.append((number, line))
            if len(pending) >= lines:
                yield _chunk(source, pending, names, encoding)
                pending = []
    yield _chunk(source, pending, names, encoding)


def _lines(source: Source, file: Path, encoding: str) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, without line ends and byte order mark, as they were delivered."""
    end = "\n".encode(encoding.replace("utf-16", "utf-16-le") if encoding == "utf-16" else encoding)
    back = "\r".encode(encoding) if encoding != "utf-16" else b"\r\0"
    number, rest = 0, b""
    with open_plain(file) as stream:
        while data := stream.read(BLOCK):
            if not number and not rest:
                data = _without_mark(data)
            *whole, rest = _split(rest + data, end)
            for line in whole:
                number += 1
                yield number, line.removesuffix(back)
            if len(rest) > _LONGEST:
                raise UnreadableDelivery(
                    source.name, file.name, f"A line is longer than {_LONGEST >> 20} MiB.",
                    "Check that it is text, and that its lines end in LF or CR LF.",
                )  # fmt: skip
    if rest := rest.rstrip(END_OF_FILE):
        yield number + 1, rest.removesuffix(back)


def _split(data: bytes, end: bytes) -> list[bytes]:
    """Lines; in UTF-16 a line ends at an even place only."""
    if len(end) == 1:
        return data.split(end)
    lines, start, place = [], 0, data.find(end)
    while place >= 0:
        if place % 2:
            place = data.find(end, place + 1)
            continue
        lines.append(data[start:place])
        start = place + 2
        place = data.find(end, start)
    return [*lines, data[start:]]


def _without_mark(data: bytes) -> bytes:
    return next((data[len(mark) :] for mark in _MARKS if data.startswith(mark)), data)


def _chunk(
    source: Source, lines: Sequence[tuple[int, bytes]], names: Sequence[str], encoding: str
) -> Chunk:
    rows: list[list[str]] = []
    kept: list[int] = []
    defects: list[Defect] = []
    needed = _reach(source)
    for number, line in lines:
        try:
            text: bytes | str = line if source.server.by_bytes else line.decode(encoding)
            cells = [_cell(text, p.first, p.last, encoding) for p in source.server.positions]
        except UnicodeDecodeError:
            defects.append(Defect(number, UNDECODABLE_BYTES, _shown(line, encoding)))
            continue
        if len(text) < needed:
            defects.append(Defect(number, RAGGED_LINE, _shown(line, encoding)))
            continue
        rows.append(cells)
        kept.append(number)
    columns = {name: string_array([row[n] for row in rows]) for n, name in enumerate(names)}
    return Chunk(columns, np.array(kept, np.int64), defects)


def _reach(source: Source) -> int:
    """Where the last column of the key begins: a shorter line has no key, blanks cut off or not."""
    keys = {column.physical_name for column in source.key_columns}
    return max((p.first for p in source.server.positions if p.name in keys), default=1)


def _cell(text: bytes | str, first: int, last: int, encoding: str) -> str:
    part = text[first - 1 : last]
    return (part if isinstance(part, str) else part.decode(encoding)).strip(" \0\u3000")


def _shown(line: bytes, encoding: str) -> str:
    return line.decode(encoding, "backslashreplace").rstrip()
