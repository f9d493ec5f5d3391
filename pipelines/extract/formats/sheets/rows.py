"""From the rows of a sheet or table to records: header, repeated headers, footers, ragged rows.

Whatever a table comes from (a workbook, a web page), its rows are read here in the same way. No row
in which anything is written is lost: it is a record, or a defect with its row number.
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np

from pipelines.contracts.source import Server, Source
from pipelines.extract.formats.chunk import (
    FOOTER_ROW,
    RAGGED_LINE,
    REPEATED_HEADER,
    Chunk,
    Defect,
    empty_chunk,
    string_array,
)
from pipelines.extract.formats.columns import header_names, mapped_names
from pipelines.extract.remarks import remark

ROWS = 20_000  # rows turned to columns at a time
HEADER_ROWS = 20  # a title, a date and a unit may stand above the header, hardly more
JOINED_BY = "_"  # between the names of a column in a header of several rows
_LAST_COLUMN = 16_384  # of Excel; what stands farther right is told by its place only

# How a row begins that sums up, or that somebody signs; it is no record where nothing else in it
# could be one.
_FOOTER = re.compile(
    r"(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|本页合计|本月合计|平均值?|"
    r"(?:填报|填表|制表|审核|复核|经办|负责|统计|报送|联系)(?:人|单位|日期|时间|部门)(?:签字|签名|电话)?|"
    r"(?:单位)?(?:盖章|签章)|单位(?:负责人|盖章)|备注|说明|注|以下空白|第\s*\d+\s*页.*)"
    r"(?:\s*[(\uff08][^)\uff09]*[)\uff09])?(?:\s*[:\uff1a].*)?",
    re.DOTALL,
)

Cells = dict[int, str]


@dataclass
class Row:
    """Cells of a row by column number from 0, with the row's number; no cell is empty."""

    number: int
    cells: Cells
    hidden: bool = False
    filled: Sequence[int] = ()  # columns whose value is that of a merge that began above


@dataclass
class _Tally:
    """What the owner is told about the rows of a sheet."""

    hidden: int = 0
    merged: int = 0
    footer: int = 0
    first_footer: int = 0


def read_rows(
    source: Source,
    name: str,
    rows: Iterator[Row],
    part: str = "",
    size: int = ROWS,
    remarks: Sequence[str] = (),
) -> Iterator[Chunk]:
    """The records of a sheet; the first chunk is empty and tells the columns.

    The header is the row that the contract names, else the one, among the first, that names most of
    the mapped columns. Rows in which nothing is written are no records; one with something to the
    right of the header's last column is a ragged one.

    Args:
        source: The contract.
        name: Of the file, for messages.
        rows: Those in which anything is written, in order.
        part: What is added to the file's name in the raw layer: a sheet of several.
        size: Rows in a chunk.
        remarks: What is to be said of the file besides what is found here.
    """
    names, titles, rest = _header(source, name, rows)
    yield replace(empty_chunk(names), part=part, remarks=remarks)
    tally = _Tally()
    records = _without_footer(rest, source.server, tally)
    while block := list(islice(records, size)):
        yield _chunk(block, names, titles, source, part, tally)
    found = [
        remark(source, kind, f"{name}{part}", count=count, row=tally.first_footer)
        for kind, count in (
            ("hidden_rows", tally.hidden), ("merged_cells", tally.merged),
            ("footer_rows", tally.footer),
        )
        if count
    ]  # fmt: skip
    if found:
        yield replace(empty_chunk(names), part=part, remarks=found)


def has_header(source: Source, rows: Iterator[Row]) -> bool:
    """Whether a sheet has the columns of the contract, and a row below them."""
    head, titles = list(islice(rows, HEADER_ROWS + 1)), source.server.header_rows
    matches = _matches([row.cells for row in head[:HEADER_ROWS]], titles, mapped_names(source))
    wanted = len(mapped_names(source))
    needed = max(min(2, wanted), (wanted + 1) // 2)
    return any(
        count >= needed and place + titles < len(head) for place, count in enumerate(matches)
    )


def _header(
    source: Source, name: str, rows: Iterator[Row]
) -> tuple[tuple[str, ...], Cells, Iterator[Row]]:
    """Names of the columns, cells of the header's last row, and the rows below it."""
    server = source.server
    if server.header_row == 0:
        head = list(islice(rows, ROWS))
        width = max((max(row.cells) + 1 for row in head), default=0)
        width = max(width, _positions(source))
        return tuple(f"column_{place}" for place in range(1, width + 1)), {}, chain(head, rows)
    if server.header_row:
        rows = (row for row in rows if row.number >= server.header_row)
        head, place = list(islice(rows, HEADER_ROWS)), 0
    else:
        head = list(islice(rows, HEADER_ROWS))
        cells = [row.cells for row in head]
        place = first_title(cells, server.header_rows, mapped_names(source))
    titles = head[place : place + server.header_rows]
    names = header_names(source, name, joined_names([row.cells for row in titles]))
    last = titles[-1].cells if titles else {}
    return names, _stripped(last), chain(head[place + server.header_rows :], rows)


def first_title(rows: Sequence[Cells], titles: int, wanted: Container[str]) -> int:
    """Place of the first row of a header of so many rows: where most of its names are wanted."""
    matches = _matches(rows, titles, wanted)
    return matches.index(max(matches)) if matches else 0


def _matches(rows: Sequence[Cells], titles: int, wanted: Container[str]) -> list[int]:
    """How many names a header would have that are wanted, if it began at each of the rows."""
    joined = [joined_names(rows[place : place + titles]) for place in range(len(rows))]
    return [sum(name.strip() in wanted for name in names) for names in joined]


def _positions(source: Source) -> int:
    """The highest n of the columns that a contract calls ``column_n``."""
    places = [name.removeprefix("column_") for name in mapped_names(source)]
    return max((int(place) for place in places if place.isdecimal()), default=0)


def joined_names(rows: Sequence[Cells]) -> list[str]:
    """Names of a header; those of several rows are joined, a group's name reaches to the right."""
    width = max((max(row, default=-1) + 1 for row in rows), default=0)
    width = min(width, _LAST_COLUMN)
    levels = []
    for level, row in enumerate(rows):
        texts = [row.get(column, "").strip() for column in range(width)]
        if level + 1 < len(rows):
            for column in range(1, width):
                below = any(column in other for other in rows[level + 1 :])
                texts[column] = texts[column] or (texts[column - 1] if below else "")
        levels.append(texts)
    columns = zip(*levels, strict=True)
    names = [JOINED_BY.join(dict.fromkeys(filter(None, parts))) for parts in columns]
    while names and not names[-1].strip():
        names.pop()
    return names


def _without_footer(rows: Iterator[Row], server: Server, tally: _Tally) -> Iterator[Row]:
    """Rows up to the footer that the contract declares."""
    waiting: list[Row] = []
    words = tuple(server.footer_words)
    ended = False
    for row in rows:
        first = row.cells[min(row.cells)].strip()
        ended = ended or bool(words and first.startswith(words))
        if ended:
            tally.footer += 1
            tally.first_footer = tally.first_footer or row.number
            continue
        waiting.append(row)
        if len(waiting) > server.footer_rows:
            yield waiting.pop(0)
    if waiting:
        tally.footer += len(waiting)
        tally.first_footer = waiting[0].number


def _chunk(
    block: Sequence[Row],
    names: Sequence[str],
    titles: Cells,
    source: Source,
    part: str,
    tally: _Tally,
) -> Chunk:
    width = len(names)
    keys = _key_places(source, names)
    kept, defects = [], []
    for row in block:
        tally.hidden += row.hidden
        rule = _fault(row, width, titles, keys)
        if rule is not None:
            defects.append(Defect(row.number, rule, _line_text(row)))
        else:
            kept.append(row)
            tally.merged += len(row.filled)
    columns = {
        name: string_array([row.cells.get(place, "") for row in kept])
        for place, name in enumerate(names)
    }
    return Chunk(columns, np.array([row.number for row in kept], np.int64), defects, part)


def _key_places(source: Source, names: Sequence[str]) -> frozenset[int]:
    keys = {column.physical_name for column in source.key_columns}
    return frozenset(place for place, name in enumerate(names) if name in keys)


def _fault(row: Row, width: int, titles: Cells, keys: frozenset[int]) -> str | None:
    """Why a row is no record; ``None`` if it is one."""
    cells = row.cells
    if max(cells) >= width and any(place >= width and cells[place].strip() for place in cells):
        return RAGGED_LINE
    if titles and len(cells) == len(titles) and _stripped(cells) == titles:
        return REPEATED_HEADER
    return FOOTER_ROW if _is_footer(row, keys) else None


def _stripped(cells: Cells) -> Cells:
    return {place: text.strip() for place, text in cells.items()}


def _is_footer(row: Row, keys: frozenset[int]) -> bool:
    """A sum or a signature: it begins with such a word, and no key stands in the row."""
    first = min(row.cells)
    other_keys = keys - {first}
    return bool(_FOOTER.fullmatch(row.cells[first].strip())) and not other_keys & row.cells.keys()


def _line_text(row: Row) -> str:
    last = min(max(row.cells), _LAST_COLUMN)
    return "\t".join(row.cells.get(place, "") for place in range(last + 1))
