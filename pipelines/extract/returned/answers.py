"""The sheet that a data owner sends back, as workbook or CSV, in whatever form it has come to.

Columns are found by their titles, so rows may be sorted and columns moved. An answer column that is
missing or was renamed is refused: what an owner has written must not be overlooked.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.extract.formats.recognise import MAGIC, NAMES_ZH, Kind
from pipelines.extract.returned.sheets import (
    AnswersUnreadable,
    is_workbook,
    returned_bytes,
    workbook_sheets,
)
from pipelines.report.repair_sheet.columns import (
    ACCEPTED,
    CONFIRMED,
    CORRECT_ALL,
    CORRECTION,
    EMPTY_SPELLINGS,
    HELP_SHEET,
    ISSUE,
    NOTE,
    NOTE_ALL,
    PATTERN,
    SUGGESTED,
    YES,
)
from pipelines.report.repair_sheet.csv import unguarded

WANTED = (ISSUE, CORRECTION, CONFIRMED, NOTE)
VERDICT = "结论"  # a column of the list that comes with a receipt
_THE_RIGHT_ONE = "请交回质量报告所附的问题清单（工作簿或 CSV），保留原来的表头。"
_HEADER_ROWS = 20  # a title may stand above the header
_ENCODINGS = ("utf-8", "gb18030")  # tried strictly, in this order
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_YES = frozenset({"是", "y", "yes", "true", "1", "√", "✓", "对", "确认", "无误", "确认无误"})
_NO = frozenset({"", "否", "n", "no", "false", "0", "×"})
_PATTERN_WANTED = (PATTERN, SUGGESTED, ACCEPTED, CORRECT_ALL, NOTE_ALL)
_CODE_AND_NAME = re.compile(r"([0-9A-Za-z]{1,8})\s+[\u4e00-\u9fff].*")
_DELIMITERS = (",", "\t", ";", "|")
_UNIT = "\x1f"
# A number of which a spreadsheet has kept 15 digits only, as it is shown.
_LOST_DIGITS = re.compile(r"-?\d(?:\.\d+)?E\+(?:1[5-9]|[2-9]\d|\d{3})")


@dataclass(frozen=True)
class Answer:
    """One row of the sheet.

    ``correction`` is None where none is given and ``""`` where the right value is none; ``problem``
    says why the row cannot be taken.
    """

    place: str  # file, sheet and row, for people
    sheet: str  # file and sheet
    position: int  # of all rows that were read, in their order
    fingerprint: str
    correction: str | None
    confirmed: bool
    note: str
    problem: str | None
    for_all: bool = False  # of a pattern: it answers every issue about the same value


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
    content = returned_bytes(file)
    if (kind := _kind_of(content)) is not None:
        raise AnswersUnreadable(
            file.name, f"文件是{NAMES_ZH[kind]}，无法读取答复。", _THE_RIGHT_ONE
        )
    if is_workbook(content):
        sheets = workbook_sheets(file.name, content, passwords)
    else:
        sheets = {"": _text_rows(file.name, content, (*delimiters, *_DELIMITERS))}
    found = False
    for sheet, rows in sheets.items():
        if (patterns := _find_header(rows, _PATTERN_WANTED)) is not None:
            found = True
            positions = _positions(file.name, rows, patterns, _PATTERN_WANTED)
            yield from _pattern_answers(file.name, sheet, rows, positions, patterns)
            continue
        header = _find_header(rows)
        if header is None and (sheet == HELP_SHEET or not any(map(any, rows))):
            continue
        found = True
        yield from _answers(file.name, sheet, rows, _positions(file.name, rows, header), header)
    if not found:
        raise AnswersUnreadable(
            file.name, f"没有含“{'、'.join(WANTED)}”各列的工作表，不是问题清单。", _THE_RIGHT_ONE
        )


def _kind_of(content: bytes) -> Kind | None:
    """What a file is that can hold no sheet; None of text and of what may be a workbook."""
    return next((kind for magic, kind in MAGIC if content.startswith(magic)), None)


def _text_rows(name: str, content: bytes, delimiters: Sequence[str]) -> list[list[str]]:
    text = _decoded(name, content)
    title = next((each for each in (ISSUE, PATTERN) if each in text), None)
    head = text[: text.find("\n", text.find(title))] if title else ""
    for delimiter in dict.fromkeys(delimiters):
        if any(title in row for row in _split(head, delimiter)):
            return [[unguarded(cell) for cell in row] for row in _split(text, delimiter)]
    problem = f"没有“{ISSUE}”一列，不是问题清单，或表头被改动。" if text.strip() else "文件是空的。"
    raise AnswersUnreadable(name, problem, _THE_RIGHT_ONE)


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
        "文字编码无法识别，既不是 UTF-8 也不是 GB18030。",
        "请在电子表格软件中另存为 .xlsx，或存为“CSV UTF-8”后交回。",
    )


def _find_header(rows: Sequence[Sequence[str]], wanted: Sequence[str] = WANTED) -> int | None:
    titles = set(wanted)
    for number, row in enumerate(rows[:_HEADER_ROWS]):
        if len(titles.intersection(cell.strip() for cell in row)) >= 2:
            return number
    return None


def _positions(
    name: str, rows: Sequence[Sequence[str]], header: int | None, wanted: Sequence[str] = WANTED
) -> Mapping[str, int]:
    cells = [cell.strip() for cell in rows[header or 0]] if rows else []
    missing = [title for title in wanted if title not in cells]
    twice = [title for title in wanted if cells.count(title) > 1]
    if not missing and not twice:
        return {title: cells.index(title) for title in wanted}
    if header is None:  # what stands in its first row are no titles, and may be about somebody
        raise AnswersUnreadable(name, f"找不到表头（{'、'.join(wanted)}）。", _THE_RIGHT_ONE)
    if VERDICT in cells:
        problem = "这是答复回执所附的答复结果，不是问题清单。"
        raise AnswersUnreadable(name, problem, "请在问题清单里改正未采纳的各行后交回。")
    problem = f"缺少列“{'、'.join(missing)}”" if missing else f"列“{'、'.join(twice)}”出现了两次"
    raise AnswersUnreadable(
        name,
        f"{problem}；现有的列：{'、'.join(cell for cell in cells if cell)}。",
        "请把列名改回原样后交回；列可以移动，不能改名、删除或重复。",
    )


def _answers(
    name: str,
    sheet: str,
    rows: Sequence[Sequence[str]],
    position: Mapping[str, int],
    header: int | None,
) -> Iterator[Answer]:
    part = f"{name}「{sheet}」" if sheet else name
    for number, row in enumerate(rows[(header or 0) + 1 :], start=(header or 0) + 2):
        cell = {title: row[at] if at < len(row) else "" for title, at in position.items()}
        if not any(each.strip() for each in row):
            continue
        confirmed = cell[CONFIRMED].strip().casefold()
        correction, problem = _correction(cell[CORRECTION])
        if confirmed not in _YES | _NO:
            problem = f"“{CONFIRMED}”只能填“{YES}”或留空"
        yield Answer(
            place=f"{part}第 {number} 行",
            sheet=part,
            position=number,
            fingerprint=cell[ISSUE].strip().lower(),
            correction=correction,
            confirmed=confirmed in _YES,
            note=cell[NOTE].strip(),
            problem=problem,
        )


def _pattern_answers(
    name: str,
    sheet: str,
    rows: Sequence[Sequence[str]],
    position: Mapping[str, int],
    header: int,
) -> Iterator[Answer]:
    """Answers for all rows of a pattern; a pattern that nobody answered is none."""
    part = f"{name}「{sheet}」" if sheet else name
    for number, row in enumerate(rows[header + 1 :], start=header + 2):
        cell = {title: row[at].strip() if at < len(row) else "" for title, at in position.items()}
        accepted = cell[ACCEPTED].casefold()
        if not (accepted in _YES or cell[CORRECT_ALL] or cell[NOTE_ALL]):
            continue
        typed = cell[CORRECT_ALL] or (cell[SUGGESTED] if accepted in _YES else "")
        correction, problem = _correction(_bare_code(typed))
        if accepted in _YES and not typed:
            problem = f"没有“{SUGGESTED}”可采纳，请填写“{CORRECT_ALL}”"
        elif accepted not in _YES | _NO:
            problem = f"“{ACCEPTED}”只能填“{YES}”或留空"
        yield Answer(
            place=f"{part}第 {number} 行",
            sheet=part,
            position=number,
            fingerprint=cell[PATTERN].lower(),
            correction=correction,
            confirmed=False,
            note=cell[NOTE_ALL],
            problem=problem,
            for_all=True,
        )


def _bare_code(text: str) -> str:
    """A code without its name: ``22 再婚`` is 22."""
    found = _CODE_AND_NAME.fullmatch(text)
    return found[1] if found else text


def _correction(cell: str) -> tuple[str | None, str | None]:
    """The corrected value as text, and what is wrong with the cell."""
    text = cell.strip().removesuffix(" 00:00:00")
    if _LOST_DIGITS.fullmatch(text):
        return None, f"“{CORRECTION}”超过 15 位，后几位已丢失：请先把单元格设为文本格式，再填写"
    if text.startswith('="') and text.endswith('"'):  # how some tools keep digits as they are
        text = text[2:-1]
    return ("" if text in EMPTY_SPELLINGS else text or None), None
