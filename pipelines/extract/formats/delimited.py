"""Delimited text, in any encoding and with any delimiter, as chunks of records.

The text is transcoded to UTF-8 and cut into records by ``records``; Arrow splits the records into
fields. Each keeps the number of the physical line on which it begins.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import (
    MALFORMED_LINE,
    RAGGED_LINE,
    REPEATED_HEADER,
    UNDECODABLE_BYTES,
    Chunk,
    Defect,
    Lines,
    Mask,
    empty_chunk,
)
from pipelines.extract.formats.columns import header_names, mapped_names
from pipelines.extract.formats.encodings import BLOCK, MARKER, damaged, explain, utf8_blocks
from pipelines.extract.formats.line_ends import (
    END_OF_FILE,
    SEPARATOR_LINE,
    with_delimiter,
    with_line_feeds,
)
from pipelines.extract.formats.records import Layout, Offsets, lay_out
from pipelines.extract.formats.sheets.rows import HEADER_ROWS, joined_names
from pipelines.extract.remarks import remark

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


@dataclass(frozen=True)
class _Header:
    """Names of the columns, and what is written in the header line; nothing if there is none."""

    names: tuple[str, ...]
    written: tuple[str, ...]


@dataclass(frozen=True)
class _Mended:
    """Records that were a delimiter too long or too short: columns, and their numbers."""

    columns: dict[str, pa.Array]
    records: Offsets


def read_delimited(
    source: Source, file: Path, encoding: str, block: int = BLOCK
) -> Iterator[Chunk]:
    """The records of a delimited text file; the first chunk is empty and tells the columns.

    Empty lines are no records. A line that is none either comes as a defect: a wrong number of
    fields, a misplaced quotation mark, bytes that do not decode.

    Raises:
        UnreadableDelivery: the file as a whole is no delimited text with a header.
    """
    header: _Header | None = None
    rest, line = b"", 1
    for text, final in _blocks(source, file, encoding, block):
        whole = rest + text
        if header is None and line == 1 and (named := SEPARATOR_LINE.match(whole)):
            source = with_delimiter(source, named[1].decode())
            whole, line = whole[named.end() :], 2
        piece = _piece(source, whole.rstrip(END_OF_FILE) if final else whole, line)
        layout = lay_out(piece.text, piece.separator, piece.quote, final)
        if header is None and (place := _first_record(piece, layout)) is not None:
            header, layout = _header(source, file, piece, layout, place)
            said = [remark(source, "separator", file.name)] if line == 2 else []
            yield replace(empty_chunk(header.names), remarks=said)
        if header is not None:
            for chunk in _chunks(piece, layout, header):
                yield replace(chunk, remarks=[remark(source, each, file.name)
                                              for each in chunk.remarks])  # fmt: skip
        rest = piece.after(layout.consumed)
        line += _count_lines(piece.text, layout.consumed)
        if len(rest) > MAX_LINE:
            raise _unreadable(
                source, file, f"A line is longer than {MAX_LINE >> 20} MiB.",
                "Check that it is text, and that its lines end in LF or CR LF.",
            )  # fmt: skip
    if header is None:
        raise _unreadable(source, file, "It is empty.", "Ask for it to be delivered again.")


def _count_lines(text: bytes, end: int) -> int:
    """Line ends up to ``end``; in text that is full of them ``bytes.count`` takes four times."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8, end) == _LF))


def _blocks(source: Source, file: Path, encoding: str, block: int) -> Iterator[tuple[bytes, bool]]:
    """Blocks of UTF-8, the last of them empty and final."""
    with damaged(source, file):
        for text in with_line_feeds(utf8_blocks(file, encoding, block)):
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
    source: Source, file: Path, piece: _Piece, layout: Layout, first: int
) -> tuple[_Header, Layout]:
    """The header and the records below it: the line that names most of the mapped columns.

    A title, a date and a unit may stand above; where the contract says which row it is, it is that.
    """
    server = source.server
    if server.header_row == 0:
        width = len(_fields(piece, layout, first))
        numbered = tuple(f"column_{place}" for place in range(1, width + 1))
        return _Header(numbered, ()), _after(layout, first)
    if server.header_row:
        lines = [piece.line + _count_lines(piece.text, int(start)) for start in layout.starts]
        first = next((n for n, line in enumerate(lines) if line >= server.header_row), first)
    else:
        mapped = mapped_names(source)
        near = range(first, min(len(layout.starts), first + HEADER_ROWS))
        known = [sum(trimmed(f) in mapped for f in _fields(piece, layout, n)) for n in near]
        first += known.index(max(known))
        first = max(0, first - (server.header_rows - 1))
    rows = [
        {place: text for place, text in enumerate(_fields(piece, layout, n)) if text.strip()}
        for n in range(first, min(len(layout.starts), first + server.header_rows))
    ]
    written = _fields(piece, layout, first) if len(rows) == 1 else joined_names(rows)
    names = header_names(source, file.name, written)
    return _Header(names, tuple(written)), _after(layout, first + len(rows))


def _fields(piece: _Piece, layout: Layout, number: int) -> list[str]:
    start, end = int(layout.starts[number]), int(layout.ends[number])
    text = explain(piece.text[start:end], "")[1].rstrip("\r\n")
    separator = piece.separator.decode()
    if piece.quote is None:
        return text.split(separator)
    lines = io.StringIO(text, newline="")
    return next(csv.reader(lines, delimiter=separator, quotechar=piece.quote.decode()), [])


def _after(layout: Layout, number: int) -> Layout:
    return Layout(layout.starts[number:], layout.ends[number:], layout.malformed, layout.consumed)


def _chunks(piece: _Piece, layout: Layout, header: _Header) -> Iterator[Chunk]:
    """Records of a piece; what a lost quotation mark merged is split again."""
    pending = [(piece, layout)]
    while pending:
        piece, layout = pending.pop()
        if not layout.consumed:
            continue
        chunk, merged = _split_fields(piece, layout, header)
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
    piece: _Piece, layout: Layout, header: _Header
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
    columns, ragged = _arrow_columns(piece, starts[kept], ends[kept], header.names)
    wrong = np.zeros(len(starts), np.bool_)
    wrong[kept[ragged]] = True
    kept = np.delete(kept, ragged)
    mended = _mended(piece, layout, np.flatnonzero(wrong), header) if ragged else None
    if mended is not None:
        wrong[mended.records] = False
        columns, kept = _merged(columns, kept, mended)
    repeated = _repeated_headers(columns, header)
    if repeated.any():
        again = np.zeros(len(starts), np.bool_)
        again[kept[repeated]] = True
        defects += _defects(REPEATED_HEADER, again, piece, layout, lines)
        columns = {name: column.filter(pa.array(~repeated)) for name, column in columns.items()}
        kept = kept[~repeated]
    several = np.searchsorted(newlines, ends - 1) > lines - piece.line
    merged = [(int(starts[n]), int(ends[n])) for n in np.flatnonzero(wrong & several)]
    defects += _defects(RAGGED_LINE, wrong & ~several, piece, layout, lines)
    remarks = ["trailing"] if mended is not None else []
    return Chunk(columns, lines[kept], defects, remarks=remarks), merged


def _repeated_headers(columns: dict[str, pa.Array], header: _Header) -> Mask:
    """Which records say what the header says: files were put behind one another, or pages."""
    same = np.zeros(len(next(iter(columns.values()), ())), np.bool_)
    for number, (name, written) in enumerate(zip(header.names, header.written, strict=False)):
        forms = pa.array([written, trimmed(written), f"\ufeff{written}"])
        found = pc.is_in(columns[name], forms).to_numpy(zero_copy_only=False)
        same = found if number == 0 else same & found
        if not same.any():
            break
    return same


def _mended(piece: _Piece, layout: Layout, records: Offsets, header: _Header) -> "_Mended | None":
    """Records with one empty field too many at their end, or too few where the header has one."""
    short = not header.written or not header.written[-1].strip()
    texts, numbers = [], []
    for number in records:
        text = piece.text[int(layout.starts[number]) : int(layout.ends[number])].rstrip(b"\r\n")
        if text.endswith(piece.separator):
            texts.append(text.removesuffix(piece.separator))
            numbers.append(number)
        elif short:
            texts.append(text + piece.separator)
            numbers.append(number)
    if not texts:
        return None
    lengths = np.array([len(text) + 1 for text in texts], np.int64)
    ends = np.cumsum(lengths)
    whole = _Piece(b"\n".join(texts) + b"\n", 0, piece.separator, piece.delimiter, piece.quote)
    columns, ragged = _arrow_columns(whole, ends - lengths, ends, header.names)
    taken = np.delete(np.array(numbers, np.int64), ragged)
    return _Mended(columns, taken) if len(taken) else None


def _merged(
    columns: dict[str, pa.Array], records: Offsets, mended: "_Mended"
) -> tuple[dict[str, pa.Array], Offsets]:
    """Records as they were and mended ones, in the order of the file."""
    every = np.concatenate([records, mended.records])
    order = np.argsort(every, kind="stable")
    joined = {
        name: pa.concat_arrays([column, mended.columns[name]]).take(pa.array(order))
        for name, column in columns.items()
    }
    return joined, every[order]


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
