"""Pieces of delimited text and their fields: what Arrow makes of records that were laid out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pipelines.extract.formats.chunk import Defect
from pipelines.extract.formats.encodings import explain
from pipelines.extract.formats.text.records import Offsets

_BOM = b"\xef\xbb\xbf"
_LF = 10


@dataclass(frozen=True)
class Piece:
    """Text that begins with a record, the line of its beginning, and what separates its fields."""

    text: bytes
    line: int
    separator: bytes
    delimiter: bytes
    quote: bytes | None
    escape: bytes | None = None

    def after(self, offset: int) -> bytes:
        """The text from ``offset`` on, as it was delivered."""
        return self._restored(self.text[offset:])

    def defect(self, line: int, rule: str, start: int, end: int) -> Defect:
        """One record set aside, its text without the line end."""
        return Defect(line, *explain(self._restored(self.text[start:end]).rstrip(b"\r\n"), rule))

    def _restored(self, text: bytes) -> bytes:
        same = self.separator == self.delimiter
        return text if same else text.replace(self.separator, self.delimiter)

    def rest_of(self, start: int, end: int) -> "Piece":
        """The lines of ``start`` to ``end``, as a piece of its own."""
        line = self.line + count_lines(self.text, start)
        return replace(self, text=self.text[start:end], line=line)


def count_lines(text: bytes, end: int) -> int:
    """Line ends up to ``end``; in text that is full of them ``bytes.count`` takes four times."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8, end) == _LF))


def arrow_columns(
    piece: Piece, starts: Offsets, ends: Offsets, names: Sequence[str]
) -> tuple[dict[str, pa.Array], list[int]]:
    """Fields of the records by column, and the places of records with a wrong number of fields."""
    ragged: list[int] = []

    def note(row: pa_csv.InvalidRow) -> str:
        ragged.append(row.number - 1)
        return "skip"

    if not len(starts):
        return {name: pa.array([], pa.string()) for name in names}, ragged
    table = pa_csv.read_csv(
        pa.BufferReader(_nothing_kept(piece, _joined(piece.text, starts, ends))),
        pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(piece.text) + 16),
        pa_csv.ParseOptions(
            delimiter=piece.separator.decode(),
            quote_char=piece.quote.decode() if piece.quote else False,
            escape_char=piece.escape.decode() if piece.escape else False,
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


def _nothing_kept(piece: Piece, joined: pa.Buffer | bytes) -> pa.Buffer | bytes:
    """``\\N``, with which MySQL says that there is nothing, is no escaped N."""
    escape = piece.escape
    if escape is None:
        return joined
    d, e = re.escape(piece.separator), re.escape(escape)
    nothing = re.compile(rb"(?m)(^|%b)(%bN)(?=%b|\r?$)" % (d, e, d))
    return nothing.sub(lambda m: m[1] + escape + m[2], pa.py_buffer(joined).to_pybytes())


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
