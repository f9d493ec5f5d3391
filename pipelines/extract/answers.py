"""The sheet that a data owner sends back, as workbook or CSV, in whatever form it has come to.

Columns are found by their titles, so rows may be sorted and columns moved. An answer column that is
missing or was renamed is refused: what an owner has written must not be overlooked.
"""

import codecs
import csv
import datetime as dt
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import msoffcrypto
from msoffcrypto.exceptions import FileFormatError, InvalidKeyError
from python_calamine import CalamineError, CalamineWorkbook

from pipelines.errors import BaselibError
from pipelines.extract.formats.encodings import open_plain
from pipelines.extract.formats.excel import Cell, show
from pipelines.report.repair_sheet.columns import (
    CONFIRMED,
    CORRECTION,
    EMPTY_SPELLINGS,
    HELP_SHEET,
    ISSUE,
    NOTE,
)
from pipelines.report.repair_sheet.csv import unguarded

WANTED = (ISSUE, CORRECTION, CONFIRMED, NOTE)
_HEADER_ROWS = 20  # a title may stand above the header
_ENCODINGS = ("utf-8", "gb18030")  # tried strictly, in this order
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_OLE = b"\xd0\xcf\x11\xe0"  # how a workbook under a password begins
_ZIP = b"PK\x03\x04"
_WORKBOOK = "[Content_Types].xml"  # in every .xlsx
_UNPACKED_BYTES = 1_000_000_000  # no sheet is larger; what says so is made to fill the memory
_YES = frozenset({"是", "y", "yes", "true", "1", "√", "✓", "对", "确认", "无误", "确认无误"})
_NO = frozenset({"", "否", "n", "no", "false", "0", "×"})
_DELIMITERS = (",", "\t", ";", "|")
_UNIT = "\x1f"
_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number


@dataclass
class AnswersUnreadable(BaselibError):
    """A sheet that came back cannot be read as a repair sheet."""

    file: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.problem} {self.remedy}"


@dataclass(frozen=True)
class Answer:
    """One row of the sheet.

    ``correction`` is None where none is given and ``""`` where the right value is none; ``problem``
    says why the row cannot be taken.
    """

    place: str  # file, sheet and row, for people
    fingerprint: str
    correction: str | None
    confirmed: bool
    note: str
    problem: str | None


def read_answers(
    file: Path, passwords: Sequence[str] = (), delimiters: Sequence[str] = ()
) -> Iterator[Answer]:
    """Every row of a repair sheet in which something is written.

    Args:
        file: ``.xlsx``, or text in UTF-8, UTF-16 or GB18030; plain, gzip, or alone in a ``.zip``.
        passwords: Tried in turn if the workbook is locked.
        delimiters: Of the contracts; the usual ones are tried as well.

    Raises:
        AnswersUnreadable: says what is wrong with the file and what to do.
    """
    if not file.is_file():
        raise AnswersUnreadable(str(file), "There is no such file.", "Check the path.")
    with open_plain(file) as stream:
        content = _unpacked(file.name, stream.read())
    if content.startswith((_ZIP, _OLE)):
        sheets = _workbook(file.name, content, passwords)
    else:
        sheets = {"": _text_rows(file.name, content, (*delimiters, *_DELIMITERS))}
    found = False
    for sheet, rows in sheets.items():
        header = _find_header(rows)
        if header is None and (sheet == HELP_SHEET or not any(map(any, rows))):
            continue
        found = True
        yield from _answers(file.name, sheet, rows, _positions(file.name, rows, header), header)
    if not found:
        raise AnswersUnreadable(
            file.name,
            f"It has no sheet with the columns {'、'.join(WANTED)}.",
            "Send back the sheet that came with the report.",
        )


def _unpacked(name: str, content: bytes) -> bytes:
    """A packed sheet's own bytes; a workbook is a packed file, too, and stays as it is."""
    if not content.startswith(_ZIP):
        return content
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            inside = [each for each in archive.infolist() if not each.is_dir()]
            if any(each.filename == _WORKBOOK for each in inside):
                return content
            if len(inside) == 1 and inside[0].file_size <= _UNPACKED_BYTES:
                return archive.read(inside[0])
    except BadZipFile:
        return content  # whoever reads the workbook says that it is damaged
    except (RuntimeError, zlib.error) as wrong:  # RuntimeError: under a password
        problem = f"It cannot be unpacked ({type(wrong).__name__})."
    else:
        problem = f"It holds {len(inside)} files, or one that is too large for a sheet."
    raise AnswersUnreadable(name, problem, "Unpack it, and hand in each sheet in it.")


def _workbook(
    name: str, content: bytes, passwords: Sequence[str]
) -> Mapping[str, list[list[Cell]]]:
    if content.startswith(_OLE):
        content = _unlocked(name, content, passwords)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {sheet: book.get_sheet_by_name(sheet).to_python() for sheet in book.sheet_names}
    except (CalamineError, OSError) as wrong:
        raise AnswersUnreadable(
            name,
            f"It is no workbook, or is damaged ({type(wrong).__name__}).",
            "Ask for it to be saved as .xlsx again.",
        ) from None


def _unlocked(name: str, content: bytes, passwords: Sequence[str]) -> bytes:
    try:
        locked = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not locked.is_encrypted():
            return content
        for password in passwords:
            opened = io.BytesIO()
            try:
                locked.load_key(password=password)
                locked.decrypt(opened)
            except InvalidKeyError:
                continue
            return opened.getvalue()
    except FileFormatError:
        raise AnswersUnreadable(
            name, "It is no workbook, or is damaged.", "Ask for it to be saved as .xlsx again."
        ) from None
    raise AnswersUnreadable(
        name,
        "It is locked with a password, and no known password opens it.",
        "Set BASELIB_SECRET_<NAME> of the contract's attachment password, or ask for the file "
        "with the password of the report or with none.",
    )


def _text_rows(name: str, content: bytes, delimiters: Sequence[str]) -> list[list[Cell]]:
    text = _decoded(name, content)
    head = text[: text.find("\n", text.find(ISSUE)) if ISSUE in text else 0]
    for delimiter in dict.fromkeys(delimiters):
        if any(ISSUE in row for row in _split(head, delimiter)):
            return [[unguarded(cell) for cell in row] for row in _split(text, delimiter)]
    first = text.splitlines()[0][:200] if text.strip() else "(nothing)"
    raise AnswersUnreadable(
        name,
        f"It has no column {ISSUE}; it begins: {first}",
        "Send back the sheet that came with the report, with its header as it was.",
    )


def _split(text: str, delimiter: str) -> Iterator[list[str]]:
    if len(delimiter) > 1:
        text, delimiter = text.replace(delimiter, _UNIT), _UNIT
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _decoded(name: str, content: bytes) -> str:
    for mark, encoding in _BOMS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AnswersUnreadable(
        name,
        "Its bytes are neither UTF-8 nor GB18030.",
        "Ask for it to be saved again as workbook or as UTF-8 text.",
    )


def _find_header(rows: Sequence[Sequence[Cell]]) -> int | None:
    titles = set(WANTED)
    for number, row in enumerate(rows[:_HEADER_ROWS]):
        if len(titles.intersection(show(cell).strip() for cell in row)) >= 2:
            return number
    return None


def _positions(name: str, rows: Sequence[Sequence[Cell]], header: int | None) -> Mapping[str, int]:
    cells = [show(cell).strip() for cell in rows[header or 0]] if rows else []
    missing = [title for title in WANTED if title not in cells]
    twice = [title for title in WANTED if cells.count(title) > 1]
    if not missing and not twice:
        return {title: cells.index(title) for title in WANTED}
    problem = (
        f"The column(s) {'、'.join(missing)} are missing" if missing
        else f"The column(s) {'、'.join(twice)} are there twice"
    )  # fmt: skip
    raise AnswersUnreadable(
        name,
        f"{problem}; it has {'、'.join(cell for cell in cells if cell) or 'none'}.",
        "Columns may be moved, but not renamed or deleted: give them their titles back.",
    )


def _answers(
    name: str,
    sheet: str,
    rows: Sequence[Sequence[Cell]],
    position: Mapping[str, int],
    header: int | None,
) -> Iterator[Answer]:
    part = f"{name} [{sheet}]" if sheet else name
    for number, row in enumerate(rows[(header or 0) + 1 :], start=(header or 0) + 2):
        cell = {title: row[at] if at < len(row) else "" for title, at in position.items()}
        if not any(show(each).strip() for each in row):
            continue
        confirmed = show(cell[CONFIRMED]).strip().casefold()
        correction, problem = _correction(cell[CORRECTION])
        if confirmed not in _YES | _NO:
            problem = f"{CONFIRMED} must be 是 or empty"
        yield Answer(
            place=f"{part} row {number}",
            fingerprint=show(cell[ISSUE]).strip().lower(),
            correction=correction,
            confirmed=confirmed in _YES,
            note=show(cell[NOTE]).strip(),
            problem=problem,
        )


def _correction(cell: Cell) -> tuple[str | None, str | None]:
    """The corrected value as text, and what is wrong with the cell."""
    if isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= _EXACT:
        return None, f"{CORRECTION} is a number of more than 15 digits: type it as text"
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat(), None
    text = show(cell).strip()
    if text.startswith('="') and text.endswith('"'):  # how some tools keep digits as they are
        text = text[2:-1]
    return ("" if text in EMPTY_SPELLINGS else text or None), None
