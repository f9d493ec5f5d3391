"""Whether a delivery is whole: its marker is there, its files rest, its rows are as many as said.

A file that is still being written looks like a whole one. What an owner and his contract agree on
tells them apart; a delivery that is not whole is not taken, and says what it lacks.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.servers.completeness import count_in, count_on
from pipelines.contracts.source import Source
from pipelines.errors import DeliveryUnfinished, RowsMissing
from pipelines.extract.connections.files import marker_of
from pipelines.extract.file_names import known_name, known_names
from pipelines.extract.formats.chunk import Chunk
from pipelines.extract.formats.encodings import open_plain
from pipelines.extract.formats.recognise import Kind
from pipelines.extract.remarks import remark
from pipelines.standards.rules import rules_of_no_record

WHOLE = "*"  # stands for all files together in what a delivery announces
_BLOCK, _LONGEST_END = 1 << 20, 4
_MARKER_BYTES = 1 << 16  # a marker says a number, if anything
_ENOUGH_LINES = 3  # of which the last is compared with the others
_ENDS = (b"\n", b"\r", b"\x1a", b"}", b"]")  # of a line, a text, a JSON document


def require_whole(
    source: Source, batch: str, files: Sequence[Path], now: float | None = None
) -> Mapping[str, int]:
    """Check markers and rest of the delivered files; what the markers say of rows.

    Args:
        source: The contract.
        batch: The batch id.
        files: As they were delivered.
        now: Seconds since the epoch; the clock's if not given.

    Returns:
        How many records there should be, by file; ``"*"`` for all together; empty if nothing says.

    Raises:
        DeliveryUnfinished: a marker is not there, or a file has been written to just now.
    """
    _require_rest(source, batch, files, time.time() if now is None else now)
    announced: dict[str, int] = {}
    names = known_names(files)
    for file in files:
        marker = marker_of(source, batch, file)
        if marker is None:
            continue
        if not marker.is_file():
            name, wanted = known_name(file.name), known_name(marker.name)
            raise DeliveryUnfinished(source.name, batch, name, marker=wanted)
        if source.server.count_in_marker:
            own = "{file}" in str(source.server.marker) or "{stem}" in str(source.server.marker)
            announced[names[file] if own else WHOLE] = _count_in(source, batch, marker)
    return announced


def _require_rest(source: Source, batch: str, files: Sequence[Path], now: float) -> None:
    for file in files:
        minutes = (now - file.stat().st_mtime) / 60
        if minutes < source.server.settle_minutes:
            name = known_name(file.name)
            raise DeliveryUnfinished(source.name, batch, name, minutes=max(0, int(minutes)))


def _count_in(source: Source, batch: str, marker: Path) -> int:
    """The number that a marker says, in whatever encoding: digits are the same in all."""
    with marker.open("rb") as stream:
        content = stream.read(_MARKER_BYTES)
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        try:
            lines = content.decode(encoding).splitlines()
        except UnicodeDecodeError:
            continue
        for line in lines:
            count = count_on(line, source.server.count_line or "", batch, source.server.delimiter)
            if count is not None:
                return count
    raise DeliveryUnfinished(
        source.name, batch, known_name(marker.name), line=source.server.count_line or ""
    )


@dataclass
class RowCounter:
    """Counts the records of a delivery, and what its own lines say that there are."""

    source: Source
    batch: str
    announced: Mapping[str, int]
    rows: int = 0
    remarks: list[str] = field(default_factory=list)

    def count(self, file: Path, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The chunks of one file without the lines that say how many records there are.

        Raises:
            RowsMissing: there are fewer than that line or the marker says.
            DeliveryUnfinished: the contract says that there is such a line, and there is none.
        """
        expected: list[int] = []
        found, no_records = 0, rules_of_no_record()
        for chunk in self._without_count(chunks, expected):
            yield chunk
            found += len(chunk.lines)
            found += sum(defect.rule not in no_records for defect in chunk.defects)
        self.rows += found
        server = self.source.server
        if server.count_line and not server.count_in_marker:
            if not expected:
                line = server.count_line
                raise DeliveryUnfinished(self.source.name, self.batch, file.name, line=line)
            self._compare(file.name, sum(expected), found)
        if file.name in self.announced:
            self._compare(file.name, self.announced[file.name], found)

    def finish(self) -> None:
        """Compare all files together with what their marker says, and with the least number.

        Raises:
            RowsMissing: there are fewer.
        """
        name = "the delivery"
        if WHOLE in self.announced:
            self._compare(name, self.announced[WHOLE], self.rows)
        if self.rows < self.source.server.min_rows:
            raise RowsMissing(
                self.source.name, self.batch, name, self.source.server.min_rows, self.rows
            )

    def _compare(self, name: str, expected: int, found: int) -> None:
        if found < expected:
            raise RowsMissing(self.source.name, self.batch, name, expected, found)
        if found > expected:
            facts = {"count": found, "expected": expected}
            self.remarks.append(remark(self.source, "more_rows", name, **facts))

    def _without_count(self, chunks: Iterable[Chunk], expected: list[int]) -> Iterator[Chunk]:
        """Take out the line; as a record it can only be the last one of the file."""
        waiting: list[Chunk] = []  # one with records, and those without that came after it
        for chunk in chunks:
            if len(chunk.lines) and waiting:
                yield from (self._stripped(each, expected) for each in waiting)
                waiting = []
            waiting.append(chunk)
        for place, chunk in enumerate(waiting):
            last = self._without_last(chunk, expected) if place == 0 else chunk
            yield self._stripped(last, expected)

    def _stripped(self, chunk: Chunk, expected: list[int]) -> Chunk:
        example = self._example()
        if not example or not chunk.defects:
            return chunk
        counts = [self._count_on(defect.text) for defect in chunk.defects]
        expected += [count for count in counts if count is not None]
        kept = [each for each, count in zip(chunk.defects, counts, strict=True) if count is None]
        return replace(chunk, defects=kept)

    def _without_last(self, chunk: Chunk, expected: list[int]) -> Chunk:
        if not self._example() or not len(chunk.lines):
            return chunk
        cells = [column[-1].as_py() for column in chunk.columns.values()]
        count = count_in(cells, self._example(), self.batch, self.source.server.delimiter)
        if count is None:
            return chunk
        expected.append(count)
        columns: dict[str, pa.Array] = {n: column[:-1] for n, column in chunk.columns.items()}
        return replace(chunk, columns=columns, lines=chunk.lines[:-1])

    def _count_on(self, text: str) -> int | None:
        return count_on(text, self._example(), self.batch, self.source.server.delimiter)

    def _example(self) -> str:
        server = self.source.server
        return "" if server.count_in_marker else server.count_line or ""


def is_cut_off(file: Path, last: Sequence[Chunk], kind: Kind) -> bool:
    """Whether a text ends within its last line: somebody was still writing it.

    That is a line without an end which is no record, or whose last value is shorter than those of
    all the others, where these are equally long: ``2026-06-`` below ``2026-06-01 08:00:00``.

    Args:
        file: As it was delivered.
        last: Its last chunks that hold anything.
        kind: What it is.
    """
    if kind not in {"text", "json"} or not last:
        return False
    if not (_ends_in_a_defect(last[-1]) or (kind == "text" and _ends_in_a_short_value(last))):
        return False
    end = b""
    with open_plain(file) as stream:
        while block := stream.read(_BLOCK):
            end = (end + block)[-_LONGEST_END:]
    end = end.rstrip(b"\0")
    return bool(end) and not end.endswith(_ENDS)


def _ends_in_a_defect(last: Chunk) -> bool:
    after = not len(last.lines) or int(last.lines[-1]) < (
        last.defects[-1].line if last.defects else 0
    )
    return bool(last.defects) and after


def _ends_in_a_short_value(last: Sequence[Chunk]) -> bool:
    ends = [list(chunk.columns.values())[-1] for chunk in last if chunk.columns]
    if sum(map(len, ends)) < _ENOUGH_LINES:
        return False
    lengths = pc.utf8_length(pa.chunked_array(ends, pa.string())).fill_null(0)
    usual = pc.min_max(lengths[:-1]).as_py()
    return bool(usual["min"] == usual["max"] > lengths[-1].as_py())
