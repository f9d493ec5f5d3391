"""Delimited text, in any encoding and with any delimiter, as chunks of records.

The text is transcoded to UTF-8 and cut into records by ``records``; Arrow splits the records into
fields. Each keeps the number of the physical line on which it begins.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import (
    MALFORMED_LINE,
    RAGGED_LINE,
    UNDECODABLE_BYTES,
    Chunk,
    Defect,
    Lines,
    Mask,
    empty_chunk,
)
from pipelines.extract.formats.columns import header_names
from pipelines.extract.formats.encodings import BLOCK, MARKER, damaged, explain, utf8_blocks
from pipelines.extract.formats.records import Layout, Offsets, lay_out

MAX_LINE = 64 << 20  # bytes; a longer line is no text but a picture, an archive, a dump
# Arrow takes delimiters of one byte: one of these that the text does not contain stands in for a
# longer delimiter while a block is parsed.
_REPLACEMENT_SEPARATORS = tuple(
    bytes([code]) for code in (0x1F, 0x1E, 0x1D, 0x1C, 1, 2, 3, 4, 5, 6, 7)
)
_BOM = b"\xef\xbb\xbf"
_LF = 10


@dataclass(frozen=True)
class _Piece:
    """Text that begins with a record, the line of its beginning, and what separates its fields."""

    text: bytes
    line: int
    separator: bytes
    delimiter: bytes
    quote: bytes | None

    def after(self, offset: int) -> bytes:
        """The text from ``offset`` on, as it was delivered."""
        return self._restored(self.text[offset:])

    def defect(self, line: int, rule: str, start: int, end: int) -> Defect:
        """One record set aside, its text without the line end."""
        return Defect(line, *explain(self._restored(self.text[start:end]).rstrip(b"\r\n"), rule))

    def _restored(self, text: bytes) -> bytes:
        same = self.separator == self.delimiter
        return text if same else text.replace(self.separator, self.delimiter)

    def rest_of(self, start: int, end: int) -> "_Piece":
        """The lines of ``start`` to ``end``, as a piece of its own."""
        line = self.line + _count_lines(self.text, start)
        return _Piece(self.text[start:end], line, self.separator, self.delimiter, self.quote)


def read_delimited(
    source: Source, file: Path, encoding: str, block: int = BLOCK
) -> Iterator[Chunk]:
    """The records of a delimited text file; the first chunk is empty and tells the columns.

    Empty lines are no records. A line that is none either comes as a defect: a wrong number of
    fields, a misplaced quotation mark, bytes that do not decode.

    Raises:
        UnreadableDelivery: the file as a whole is no delimited text with a header.
    """
    names: tuple[str, ...] = ()
    rest, line = b"", 1
    for text, final in _blocks(source, file, encoding, block):
        piece = _piece(source, rest + text, line)
        layout = lay_out(piece.text, piece.separator, piece.quote, final)
        header = None if names else _first_record(piece, layout)
        if header is not None:
            names = _header(source, file, piece, layout, header)
            yield empty_chunk(names)
            layout = _after(layout, header + 1)
        if names:
            yield from _chunks(piece, layout, names)
        rest = piece.after(layout.consumed)
        line += _count_lines(piece.text, layout.consumed)
        if len(rest) > MAX_LINE:
            raise _unreadable(
                source, file, f"A line is longer than {MAX_LINE >> 20} MiB.",
                "Check that it is text, and that its lines end in LF or CR LF.",
            )  # fmt: skip
    if not names:
        raise _unreadable(source, file, "It is empty.", "Ask for it to be delivered again.")


def _count_lines(text: bytes, end: int) -> int:
    """Line ends up to ``end``; in text that is full of them ``bytes.count`` takes four times."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8, end) == _LF))


def _blocks(source: Source, file: Path, encoding: str, block: int) -> Iterator[tuple[bytes, bool]]:
    """Blocks of UTF-8, the last of them empty and final."""
    with damaged(source, file):
        for text in utf8_blocks(file, encoding, block):
            yield text, False
    yield b"", True


def _piece(source: Source, text: bytes, line: int) -> _Piece:
    delimiter = source.server.delimiter.encode()
    quote = source.server.quote.encode() if source.server.quote else None
    if len(delimiter) == 1:
        return _Piece(text, line, delimiter, delimiter, quote)
    separator = next((byte for byte in _REPLACEMENT_SEPARATORS if byte not in text), None)
    if separator is None:
        raise UnreadableDelivery(
            source.name, "", f"Near line {line} it holds every control character there is.",
            "Ask for text, or for a delimiter of one character.",
        )  # fmt: skip
    return _Piece(text.replace(delimiter, separator), line, separator, delimiter, quote)


def _first_record(piece: _Piece, layout: Layout) -> int | None:
    """Number of the first record that is not an empty line."""
    for number, start in enumerate(layout.starts):
        if piece.text[start] not in b"\r\n":
            return number
    return None


def _header(
    source: Source, file: Path, piece: _Piece, layout: Layout, number: int
) -> tuple[str, ...]:
    start, end = int(layout.starts[number]), int(layout.ends[number])
    text = explain(piece.text[start:end], "")[1].rstrip("\r\n")
    separator = piece.separator.decode()
    if piece.quote is None:
        return header_names(source, file.name, text.split(separator))
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, quotechar=piece.quote.decode())
    return header_names(source, file.name, next(reader))


def _after(layout: Layout, number: int) -> Layout:
    return Layout(layout.starts[number:], layout.ends[number:], layout.malformed, layout.consumed)


def _chunks(piece: _Piece, layout: Layout, names: Sequence[str]) -> Iterator[Chunk]:
    """Records of a piece; what a lost quotation mark merged is split again."""
    pending = [(piece, layout)]
    while pending:
        piece, layout = pending.pop()
        if not layout.consumed:
            continue
        chunk, merged = _split_fields(piece, layout, names)
        yield chunk
        for start, end in merged:
            lines = piece.rest_of(start, end)
            first = lines.text.index(b"\n") + 1
            rest = lines.rest_of(first, len(lines.text))
            found = lay_out(rest.text, rest.separator, rest.quote, final=True)
            none = np.empty(0, np.int64)
            pending.append((lines, Layout(none, none, [(0, first)], first)))
            pending.append((rest, found))


def _split_fields(
    piece: _Piece, layout: Layout, names: Sequence[str]
) -> tuple[Chunk, list[tuple[int, int]]]:
    """One chunk, and the records of several lines that have a wrong number of fields."""
    octets = np.frombuffer(piece.text, np.uint8)
    newlines = np.flatnonzero(octets[: layout.consumed] == 10)
    starts, ends = layout.starts, layout.ends
    lines = piece.line + np.searchsorted(newlines, starts)
    defects = [
        piece.defect(piece.line + int(np.searchsorted(newlines, start)), MALFORMED_LINE, start, end)
        for start, end in layout.malformed
    ]
    undecodable = _undecodable(piece.text, starts, ends)
    defects += _defects(UNDECODABLE_BYTES, undecodable, piece, layout, lines)
    blank = np.isin(octets[starts], (10, 13))
    kept = np.flatnonzero(~blank & ~undecodable)
    columns, ragged = _arrow_columns(piece, starts[kept], ends[kept], names)
    wrong = np.zeros(len(starts), np.bool_)
    wrong[kept[ragged]] = True
    several = np.searchsorted(newlines, ends - 1) > lines - piece.line
    merged = [(int(starts[n]), int(ends[n])) for n in np.flatnonzero(wrong & several)]
    defects += _defects(RAGGED_LINE, wrong & ~several, piece, layout, lines)
    return Chunk(columns, np.delete(lines[kept], ragged), defects), merged


def _undecodable(text: bytes, starts: Offsets, ends: Offsets) -> Mask:
    """Which records hold a marker of a byte that did not decode."""
    found = np.zeros(len(starts), np.bool_)
    if len(starts) and MARKER.search(text):
        marks = np.fromiter((match.start() for match in MARKER.finditer(text)), np.int64)
        record = np.searchsorted(starts, marks, "right") - 1
        inside = (record >= 0) & (marks < ends[record])
        found[record[inside]] = True
    return found


def _defects(
    rule: str, which: Mask, piece: _Piece, layout: Layout, lines: Lines
) -> Iterator[Defect]:
    for number in np.flatnonzero(which):
        start, end = int(layout.starts[number]), int(layout.ends[number])
        yield piece.defect(int(lines[number]), rule, start, end)


def _arrow_columns(
    piece: _Piece, starts: Offsets, ends: Offsets, names: Sequence[str]
) -> tuple[dict[str, pa.Array], list[int]]:
    """Fields of the records by column, and the places of records with a wrong number of fields."""
    ragged: list[int] = []

    def note(row: pa_csv.InvalidRow) -> str:
        ragged.append(row.number - 1)
        return "skip"

    if not len(starts):
        return {name: pa.array([], pa.string()) for name in names}, ragged
    table = pa_csv.read_csv(
        pa.BufferReader(_joined(piece.text, starts, ends)),
        pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(piece.text) + 16),
        pa_csv.ParseOptions(
            delimiter=piece.separator.decode(),
            quote_char=piece.quote.decode() if piece.quote else False,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        pa_csv.ConvertOptions(
            check_utf8=False,  # it comes out of a strict decoder
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    )
    if len(table) + len(ragged) != len(starts):  # never seen; it would lose or shift lines
        raise AssertionError(f"{len(starts)} records laid out, {len(table)} + {len(ragged)} split")
    columns = {name: table[name].combine_chunks() for name in names}
    if piece.separator != piece.delimiter and piece.quote:
        back = {"pattern": piece.separator.decode(), "replacement": piece.delimiter.decode()}
        columns = {name: pc.replace_substring(column, **back) for name, column in columns.items()}
    return columns, ragged


def _joined(text: bytes, starts: Offsets, ends: Offsets) -> pa.Buffer | bytes:
    """The chosen records in one piece, without a copy where they lie side by side."""
    gaps = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    first, last = np.append(0, gaps), np.append(gaps, len(starts)) - 1
    runs = [(int(starts[a]), int(ends[b])) for a, b in zip(first, last, strict=True)]
    if len(runs) == 1:
        joined = pa.py_buffer(text).slice(runs[0][0], runs[0][1] - runs[0][0])
    else:
        joined = pa.py_buffer(b"".join(text[start:end] for start, end in runs))
    # Arrow takes a mark at the very beginning for a byte order mark and drops it; ours is gone,
    # so this one is part of the first field.
    return pa.py_buffer(_BOM + joined.to_pybytes()) if joined[:3] == _BOM else joined


def _unreadable(source: Source, file: Path, problem: str, remedy: str) -> UnreadableDelivery:
    return UnreadableDelivery(source.name, file.name, problem, remedy)
