"""Delimited text, in any encoding and with any delimiter, as chunks of records.

The text is transcoded to UTF-8 and cut into records by ``records``; Arrow splits the records into
fields. Each keeps the number of the physical line on which it begins.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
from pipelines.extract.formats.encodings import (
    BLOCK,
    MARKER,
    MARKER_LEAD,
    damaged,
    explain,
    utf8_blocks,
)
from pipelines.extract.formats.sheets.rows import HEADER_ROWS, Cells, first_title, joined_names
from pipelines.extract.formats.text.line_ends import (
    SEPARATOR_LINE,
    with_delimiter,
    with_line_feeds,
    without_ends_of_files,
)
from pipelines.extract.formats.text.pieces import Piece, arrow_columns, count_lines
from pipelines.extract.formats.text.records import Layout, Offsets, lay_out
from pipelines.extract.remarks import remark

MAX_LINE = 64 << 20  # bytes; a longer line is no text but a picture, an archive, a dump
_LF, _CR = 10, 13
_AROUND = "\ufeff\x1a\x0c\0"  # marks, ends of files and pages
# Arrow takes delimiters of one byte: one of these that the text does not contain stands in for a
# longer delimiter while a block is parsed.
_REPLACEMENT_SEPARATORS = tuple(
    bytes([code]) for code in (0x1F, 0x1E, 0x1D, 0x1C, 1, 2, 3, 4, 5, 6, 7)
)


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
        piece = _piece(source, without_ends_of_files(whole, final), line)
        layout = lay_out(piece.text, piece.separator, piece.quote, final, piece.escape)
        if header is None and (place := _first_record(piece, layout)) is not None:
            header, layout = _header(source, file, piece, layout, place)
            said = [remark(source, "separator", file.name)] if line == 2 else []
            yield replace(empty_chunk(header.names), remarks=said)
        if header is not None:
            for chunk in _chunks(piece, layout, header):
                yield replace(chunk, remarks=[remark(source, each, file.name)
                                              for each in chunk.remarks])  # fmt: skip
        rest = piece.after(layout.consumed)
        line += len(layout.newlines)
        if len(rest) > MAX_LINE:
            raise _unreadable(
                source, file, f"A line is longer than {MAX_LINE >> 20} MiB.",
                "Check that it is text, and that its lines end in LF or CR LF.",
            )  # fmt: skip
    if header is None:
        raise _unreadable(source, file, "It is empty.", "Ask for it to be delivered again.")


def _blocks(source: Source, file: Path, encoding: str, block: int) -> Iterator[tuple[bytes, bool]]:
    """Blocks of UTF-8, the last of them empty and final."""
    with damaged(source, file):
        for text in with_line_feeds(utf8_blocks(file, encoding, block)):
            yield text, False
    yield b"", True


def _piece(source: Source, text: bytes, line: int) -> Piece:
    delimiter = source.server.delimiter.encode()
    quote = source.server.quote.encode() if source.server.quote else None
    escape = source.server.escape.encode() if source.server.escape else None
    if len(delimiter) == 1:
        return Piece(text, line, delimiter, delimiter, quote, escape)
    separator = next((byte for byte in _REPLACEMENT_SEPARATORS if byte not in text), None)
    if separator is None:
        raise UnreadableDelivery(
            source.name, "", f"Near line {line} it holds every control character there is.",
            "Ask for text, or for a delimiter of one character.",
        )  # fmt: skip
    return Piece(text.replace(delimiter, separator), line, separator, delimiter, quote, escape)


def _first_record(piece: Piece, layout: Layout) -> int | None:
    """Number of the first record that is not an empty line."""
    for number, start in enumerate(layout.starts):
        if piece.text[start] not in b"\r\n":
            return number
    return None


def _header(
    source: Source, file: Path, piece: Piece, layout: Layout, first: int
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
        lines = [piece.line + count_lines(piece.text, int(start)) for start in layout.starts]
        first = next((n for n, line in enumerate(lines) if line >= server.header_row), first)
    else:
        near = _cells(piece, layout, first, HEADER_ROWS)
        first += first_title(near, server.header_rows, mapped_names(source))
    rows = _cells(piece, layout, first, server.header_rows)
    written = _fields(piece, layout, first) if len(rows) == 1 else joined_names(rows)
    names = header_names(source, file.name, written)
    return _Header(names, tuple(written)), _after(layout, first + len(rows))


def _cells(piece: Piece, layout: Layout, first: int, rows: int) -> list[Cells]:
    """Fields of some records in which anything is written, trimmed, by their places."""
    return [
        {
            place: name
            for place, text in enumerate(_fields(piece, layout, n))
            if (name := trimmed(text))
        }
        for n in range(first, min(len(layout.starts), first + rows))
    ]


def _fields(piece: Piece, layout: Layout, number: int) -> list[str]:
    start, end = int(layout.starts[number]), int(layout.ends[number])
    text = explain(piece.text[start:end], "")[1].rstrip("\r\n")
    separator = piece.separator.decode()
    if piece.quote is None:
        return text.split(separator)
    lines = io.StringIO(text, newline="")
    escape = piece.escape.decode() if piece.escape else None
    rows = csv.reader(lines, delimiter=separator, quotechar=piece.quote.decode(), escapechar=escape)
    return next(rows, [])


def _after(layout: Layout, number: int) -> Layout:
    return replace(layout, starts=layout.starts[number:], ends=layout.ends[number:])


def _chunks(piece: Piece, layout: Layout, header: _Header) -> Iterator[Chunk]:
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
            found = lay_out(rest.text, rest.separator, rest.quote, True, rest.escape)
            none = np.empty(0, np.int64)
            line_end = np.array([first - 1], np.int64)
            pending.append((lines, Layout(none, none, [(0, first)], first, line_end)))
            pending.append((rest, found))


def _split_fields(
    piece: Piece, layout: Layout, header: _Header
) -> tuple[Chunk, list[tuple[int, int]]]:
    """One chunk, and the records of several lines that have a wrong number of fields."""
    octets = np.frombuffer(piece.text, np.uint8)
    starts, ends, newlines = layout.starts, layout.ends, layout.newlines
    lines = piece.line + np.searchsorted(newlines, starts)
    defects = [
        piece.defect(piece.line + int(np.searchsorted(newlines, start)), MALFORMED_LINE, start, end)
        for start, end in layout.malformed
    ]
    undecodable = _undecodable(piece.text, starts, ends)
    defects += _defects(UNDECODABLE_BYTES, undecodable, piece, layout, lines)
    first = octets[starts]
    blank = (first == _LF) | (first == _CR)
    kept = np.flatnonzero(~blank & ~undecodable)
    columns, ragged = arrow_columns(piece, starts[kept], ends[kept], header.names)
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
    merged = list[tuple[int, int]]()
    if wrong.any():
        several = np.searchsorted(newlines, ends - 1) > lines - piece.line
        merged = [(int(starts[n]), int(ends[n])) for n in np.flatnonzero(wrong & several)]
        defects += _defects(RAGGED_LINE, wrong & ~several, piece, layout, lines)
    remarks = ["trailing"] if mended is not None else []
    return Chunk(columns, lines[kept], defects, remarks=remarks), merged


def _repeated_headers(columns: dict[str, pa.Array], header: _Header) -> Mask:
    """Which records say what the header says: files were put behind one another, or pages."""
    same = np.zeros(len(next(iter(columns.values()), ())), np.bool_)
    said = [(name, _bare(text)) for name, text in zip(header.names, header.written, strict=False)]
    named = next(((name, text) for name, text in said if text), None)
    if named is None:
        return same
    likely = pc.match_substring(columns[named[0]], named[1]).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(likely):
        same[row] = all(_bare(columns[name][int(row)].as_py()) == text for name, text in said)
    return same


def _bare(name: str) -> str:
    """A name without what pages and files that were put together leave around it."""
    return trimmed(trimmed(name).strip(_AROUND))


def _mended(piece: Piece, layout: Layout, records: Offsets, header: _Header) -> "_Mended | None":
    """Records with one empty field too many at their end, or too few where the header has one."""
    short = not header.written or not header.written[-1].strip()
    texts, numbers = [], []
    for number in records:
        text = piece.text[int(layout.starts[number]) : int(layout.ends[number])].rstrip(b"\r\n")
        if piece.quote and text.endswith(piece.separator + piece.quote * 2):
            text = text[:-2]
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
    whole = replace(piece, text=b"\n".join(texts) + b"\n", line=0)
    columns, ragged = arrow_columns(whole, ends - lengths, ends, header.names)
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
    if len(starts) and MARKER_LEAD in text and MARKER.search(text):
        marks = np.fromiter((match.start() for match in MARKER.finditer(text)), np.int64)
        record = np.searchsorted(starts, marks, "right") - 1
        inside = (record >= 0) & (marks < ends[record])
        found[record[inside]] = True
    return found


def _defects(
    rule: str, which: Mask, piece: Piece, layout: Layout, lines: Lines
) -> Iterator[Defect]:
    for number in np.flatnonzero(which):
        start, end = int(layout.starts[number]), int(layout.ends[number])
        yield piece.defect(int(lines[number]), rule, start, end)


def _unreadable(source: Source, file: Path, problem: str, remedy: str) -> UnreadableDelivery:
    return UnreadableDelivery(source.name, file.name, problem, remedy)
