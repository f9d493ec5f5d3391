"""What calamine does not show of ``.xls`` and ``.xlsb``: errors in cells, merges, hidden rows,
and in ``.xls`` formulas that were never calculated.

Only the records that say so are looked at, by their numbers in [MS-XLS] 2.3 and [MS-XLSB] 2.3; the
values are left to calamine. Workbooks before Excel 97 have records of another form: of them nothing
is known.
"""

import re
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import olefile

_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
    0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip
FORMULA = "=(formula)"  # which one it is, only a program that calculates can say
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb'\b(Id|Target)="([^"]*)"')
Records = Iterator[tuple[int, bytes]]


@dataclass
class SheetStates:
    """States of a sheet; rows are counted from 1, columns from 0.

    ``merges``: first row, last row and column of those over several rows.
    """

    errors: defaultdict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    merges: list[tuple[int, int, int]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    without_result: defaultdict[int, dict[int, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def add_error(self, row: int, column: int, code: int) -> None:
        """An error in a cell, row and column from 0."""
        self.errors[row + 1][column] = _ERRORS.get(code, "#ERROR!")

    def add_without_result(self, row: int, column: int) -> None:
        """A formula that was never calculated, row and column from 0."""
        self.without_result[row + 1][column] = FORMULA

    def add_merge(self, first: int, last: int, column: int) -> None:
        """Merged cells, rows and column from 0."""
        if last > first:
            self.merges.append((first + 1, last + 1, column))


def states_of(file: Path) -> dict[str, SheetStates] | None:
    """The states of each worksheet by its name; ``None`` where they cannot be told.

    The file is one that calamine has opened.
    """
    try:
        if not olefile.isOleFile(str(file)):
            return _of_xlsb(file)
        with olefile.OleFileIO(str(file)) as container:
            if container.exists("Workbook"):
                return _of_xls(container.openstream("Workbook").read())
    except (OSError, LookupError, ValueError, RuntimeError, BadZipFile, zlib.error, struct.error):
        return None  # damaged where calamine does not look, or of an unknown form
    return None


# ---- .xls ----


def _xls_records(stream: bytes, at: int) -> Records:
    """The records of a part of a workbook, to its end; what is embedded in it is left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        at += 4 + length
        depth += (kind == 0x0809) - (kind == 0x000A)
        if depth == 0:
            return
        if depth == 1:
            yield kind, stream[at - length : at]


def _of_xls(stream: bytes) -> dict[str, SheetStates]:
    found: dict[str, SheetStates] = {}
    for kind, data in _xls_records(stream, 0):
        if kind == 0x0085 and data[5] == 0:  # a worksheet: where it begins, and its name
            encoding = "utf-16-le" if data[7] & 1 else "latin-1"
            name = data[8 : 8 + data[6] * (1 + (data[7] & 1))].decode(encoding)
            found[name] = _xls_states(stream, struct.unpack_from("<I", data)[0])
    return found


def _xls_states(stream: bytes, at: int) -> SheetStates:
    states, uncalculated = SheetStates(), False
    for kind, data in _xls_records(stream, at):
        uncalculated |= kind == 0x005E  # says so of all formulas that follow; their result is 0
        is_formula = kind == 0x0006 and data[12:14] == b"\xff\xff" and data[6] == 2
        if is_formula or (kind == 0x0205 and data[7]):
            row, column = struct.unpack_from("<HH", data)
            states.add_error(row, column, data[8 if is_formula else 6])
        elif kind == 0x0006 and uncalculated and data[6:14] == bytes(8):
            states.add_without_result(*struct.unpack_from("<HH", data))
        elif kind == 0x00E5:
            for place in range(2, len(data) - 7, 8):
                first, last, column, _ = struct.unpack_from("<HHHH", data, place)
                states.add_merge(first, last, column)
        elif kind == 0x0208 and data[12] & 0x20:
            states.hidden.add(struct.unpack_from("<H", data)[0] + 1)
    return states


# ---- .xlsb ----


def _xlsb_records(part: bytes) -> Records:
    at = 0
    while at < len(part):
        kind, at = _number(part, at, 2)
        length, at = _number(part, at, 4)
        yield kind, part[at : at + length]
        at += length


def _number(part: bytes, at: int, longest: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and what follows it."""
    value = 0
    for place in range(longest):
        octet = part[at + place]
        value |= (octet & 0x7F) << (7 * place)
        if octet < 0x80:
            break
    return value, at + place + 1


def _of_xlsb(file: Path) -> dict[str, SheetStates]:
    found: dict[str, SheetStates] = {}
    with ZipFile(file) as archive:
        relations = archive.read("xl/_rels/workbook.bin.rels")
        pairs = (dict(_ATTRIBUTE.findall(each)) for each in _RELATION.findall(relations))
        parts = {pair[b"Id"].decode(): pair[b"Target"].decode() for pair in pairs}
        for kind, data in _xlsb_records(archive.read("xl/workbook.bin")):
            if kind == 156:
                relation, rest = _text(data, 8)
                part = parts[relation]
                if "worksheets/" in part:
                    path = part.removeprefix("/") if part.startswith("/") else f"xl/{part}"
                    found[_text(data, rest)[0]] = _xlsb_states(archive.read(path))
    return found


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = at + 4 + 2 * struct.unpack_from("<I", data, at)[0]
    return data[at + 4 : end].decode("utf-16-le"), end


def _xlsb_states(part: bytes) -> SheetStates:
    states, row = SheetStates(), 0
    for kind, data in _xlsb_records(part):
        if kind == 0:
            row = struct.unpack_from("<I", data)[0]
            if data[11] & 0x10:
                states.hidden.add(row + 1)
        elif kind in {3, 11}:
            states.add_error(row, struct.unpack_from("<I", data)[0], data[8])
        elif kind == 176:
            first, last, column, _ = struct.unpack_from("<IIII", data)
            states.add_merge(first, last, column)
    return states
