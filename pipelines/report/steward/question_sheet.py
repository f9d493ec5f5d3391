"""The sheet that a steward decides in: of each question both records one above the other, masked.

A question takes three rows: 甲, 乙, and how they differ; its answer stands in the first. Cells that
differ are coloured. A column is found by its title, so columns may be moved and widened; what
identifies a question is sealed with the site's key, so an altered row is recognised.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.identity.review.decisions import Verdict
from pipelines.identity.review.errors import SheetUnreadable
from pipelines.libraries import Library
from pipelines.report.steward.rule_words import rule_words
from pipelines.report.steward.side_by_side import (
    DIFFERENT,
    EQUAL,
    ONE_EDIT,
    SIDE_ZH,
    SIDES,
    shown_columns,
)
from pipelines.standards.tenths import tenths

QUESTION, KIND, RULE, FACTS = "问题编号", "类型", "为什么问", "可知的情况"
VERDICT, REASON, SIDE, RECORD = "结论", "理由", "记录", "来源与编号"
BASIS, PURPOSE, STRATUM, SEAL = "记录指纹", "用途", "分层", "校验码"
SEALED = (QUESTION, PURPOSE, STRATUM, BASIS)
NEEDED = (*SEALED, SEAL, VERDICT, REASON)
VERDICTS: Mapping[str, Verdict] = {"同一": "same", "不同": "different", "无法判断": "cannot_tell"}
KINDS = {"potential_match": "疑似同一对象", "conflict": "证据矛盾", "audit": "抽查"}
# As verdicts come back where somebody typed them.
SPELLINGS: Mapping[str, Verdict] = {
    **VERDICTS, "相同": "same", "同一人": "same", "是": "same", "不相同": "different",
    "不是": "different", "否": "different",
}  # fmt: skip
SHEET, HELP_SHEET = "待判定", "使用说明"
_COLOURS = {EQUAL: "#E2F0D9", ONE_EDIT: "#FFF2CC", DIFFERENT: "#F8CBAD"}
_SEAL_DIGITS = 24
_LONG_NUMBER = "身份号码"  # of 18 characters, in one line
_DIFFER = "差别"
_HELP = (
    "怎样使用待判定清单",
    "每个问题占三行：甲、乙两条记录上下对照，第三行说明两个值怎样不同。要判定的是：甲、乙说的是不是同一个对象。",
    "绿色：两个值一致；黄色：只差一个字（代码除外）；红色：不一致；无色：只有一方有值。颜色和差别按未脱敏的原值得出。",
    "“可知的情况”写明同名的有多少、号码为什么未采信、属于谁；所示内容不足以判定的，写明应向哪个部门查询什么。",
    "只填写“结论”（下拉选择）和“理由”，其余各列不要改动；不判定的留空。",
    "结论为“无法判断”的问题，在记录内容变化之前不再提出。",
    "填好后交回管理人员导入（.xlsx、.xls、.ods 均可）。",
)


@dataclass(frozen=True)
class SheetRow:
    """A question as it stands in the sheet; ``values`` by ``side_by_side``'s column names."""

    question: str
    cause: str
    purpose: str
    stratum: str
    basis: str
    probability: float | None
    rule: str | None
    records: Mapping[str, str]  # "left", "right" -> department, data set and masked key
    values: Mapping[str, str | None]
    facts: str = ""  # what is known beside the values, a sentence a line


@dataclass(frozen=True)
class AnsweredRow:
    """A row as it came back; ``line`` is its number in the sheet."""

    line: int
    cells: Mapping[str, str]

    @property
    def is_answered(self) -> bool:
        """Whether the steward wrote anything into it."""
        return bool(self.cells[VERDICT] or self.cells[REASON])

    def is_genuine(self, key: str) -> bool:
        """Whether it is a row as it was written, but for verdict and reason."""
        return hmac.compare_digest(self.cells[SEAL], seal(key, *(self.cells[c] for c in SEALED)))


def seal(key: str, *parts: str) -> str:
    """A check code over the cells that must come back as they were."""
    text = "\x1f".join(("question sheet", *parts))
    return hmac.new(key.encode(), text.encode(), sha256).hexdigest()[:_SEAL_DIGITS]


def write_questions(path: Path, rows: Sequence[SheetRow], library: Library, key: str) -> None:
    """Write the sheet; the steward fills in two columns of it."""
    import xlsxwriter  # heavy, and only needed here

    columns = _columns(library, rows)
    titles = _titles(columns)
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(SHEET)
        styles = _Styles(book)
        for place, (title, width) in enumerate(titles.items()):
            hidden = {"hidden": title in {BASIS, PURPOSE, STRATUM, SEAL}}
            sheet.set_column(place, place, width, None, hidden)
            sheet.write_string(0, place, title, styles.head)
        for number, row in enumerate(rows):
            _write_question(sheet, 1 + 3 * number, row, columns, _cells(row, library, key), styles)
        sheet.freeze_panes(1, list(titles).index(RECORD) + 1)
        _finish(sheet, list(titles), len(rows))
        _write_help(book)


class _Styles:
    """Formats of the cells."""

    def __init__(self, book: Any) -> None:
        plain = {"border": 1, "border_color": "#C9D2DC", "text_wrap": True, "valign": "top"}
        self.head = book.add_format({**plain, "bold": True, "bg_color": "#DCE6F1"})
        self.plain = book.add_format(plain)
        self.answer = book.add_format({**plain, "bg_color": "#FFFFE0"})
        self.differ = book.add_format(
            {**plain, "bottom": 2, "font_color": "#9C2F1B", "font_size": 9}
        )
        self.marks = {
            mark: book.add_format({**plain, "bg_color": colour})
            for mark, colour in _COLOURS.items()
        }


def _columns(library: Library, rows: Sequence[SheetRow]) -> Mapping[str, str]:
    """Title to name of the columns in which any record has a value."""
    return {
        column.title: column.name
        for column in shown_columns(library)
        if any(row.values.get(f"{side}_{column.name}") for row in rows for side in SIDES)
    }


def _write_question(
    sheet: Any,
    first: int,
    row: SheetRow,
    columns: Mapping[str, str],
    cells: Mapping[str, str],
    styles: _Styles,
) -> None:
    for place, title in enumerate(_titles(columns)):
        if title in columns or title in (SIDE, RECORD):
            mark = row.values.get(f"mark_{columns.get(title)}") or ""
            style = styles.marks.get(mark, styles.plain)
            for line, text in enumerate(_beside(title, row, columns)):
                sheet.write(first + line, place, text, styles.differ if line == 2 else style)
        else:
            style = styles.answer if title in (VERDICT, REASON) else styles.plain
            sheet.merge_range(first, place, first + 2, place, cells[title], style)
    facts = len(row.facts) // 15 + row.facts.count("\n") + 1
    for line in range(3):
        sheet.set_row(first + line, max(30, 6 * facts))


def _beside(title: str, row: SheetRow, columns: Mapping[str, str]) -> Sequence[str]:
    """The three cells of a column: of 甲, of 乙, and how they differ."""
    if title == SIDE:
        return [*SIDE_ZH.values(), _DIFFER]
    if title == RECORD:
        return [row.records[side] for side in SIDES] + [""]
    name = columns[title]
    return [row.values.get(f"{part}_{name}") or "" for part in (*SIDES, "differ")]


def answered_rows(path: Path, sheets: Mapping[str, Sequence[Sequence[str]]]) -> list[AnsweredRow]:
    """The questions of a workbook that came back.

    Args:
        path: Of the file, for messages.
        sheets: Its cells as text, what is merged in each of its rows.

    Raises:
        SheetUnreadable: it lacks a column that ``export`` wrote.
    """
    lines = sheets.get(SHEET) or next(iter(sheets.values()), [])
    titles = [cell.strip() for cell in lines[0]] if lines else []
    if missing := [title for title in NEEDED if title not in titles]:
        raise SheetUnreadable(path, f"the column(s) {', '.join(missing)} are missing.")
    return list(_answered(lines[1:], titles))


def _answered(lines: Sequence[Sequence[str]], titles: Sequence[str]) -> Iterator[AnsweredRow]:
    for number, line in enumerate(lines, 2):
        cells = dict(zip(titles, (cell.strip() for cell in line), strict=False))
        # A question's second and third row repeat it; the answer stands in the first.
        if any(cells.values()) and cells.get(SIDE, SIDE_ZH["left"]) in ("", SIDE_ZH["left"]):
            yield AnsweredRow(number, {**dict.fromkeys(NEEDED, ""), **cells})


def _titles(columns: Iterable[str]) -> dict[str, int]:
    """Titles in order, with widths."""
    titles = {QUESTION: 11, KIND: 8, RULE: 16, FACTS: 32, VERDICT: 9, REASON: 20}
    titles |= {SIDE: 5, RECORD: 22}
    titles |= {title: 20 if _LONG_NUMBER in title else 14 for title in columns}
    return titles | {BASIS: 10, PURPOSE: 10, STRATUM: 10, SEAL: 10}


def _cells(row: SheetRow, library: Library, key: str) -> dict[str, str]:
    sealed = {QUESTION: row.question, PURPOSE: row.purpose, STRATUM: row.stratum, BASIS: row.basis}
    return {
        **sealed,
        SEAL: seal(key, *(sealed[title] for title in SEALED)),
        KIND: KINDS.get(row.cause, "证据矛盾"),
        RULE: why_asked(row.rule, row.cause, row.probability, library),
        FACTS: row.facts,
        VERDICT: "",
        REASON: "",
    }


def why_asked(rule: str | None, cause: str, probability: float | None, library: Library) -> str:
    """The reason of a question in a steward's words, with the estimate that they are the same."""
    words = rule_words(rule or cause, library)
    return words if probability is None else f"{words}，同一的可能性 {tenths(100 * probability)} %"


def _finish(sheet: Any, titles: Sequence[str], rows: int) -> None:
    place = titles.index(VERDICT)
    allowed = {
        "validate": "list",
        "source": list(VERDICTS),
        "error_title": "结论",
        "error_message": "请从下拉列表中选择：同一、不同、无法判断。",
    }
    for number in range(rows):
        sheet.data_validation(1 + 3 * number, place, 3 + 3 * number, place, allowed)
    sheet.set_landscape()
    sheet.set_paper(8)  # A3: two records with all of their columns
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&C第 &P 页，共 &N 页")


def _write_help(book: Any) -> None:
    sheet = book.add_worksheet(HELP_SHEET)
    sheet.set_column(0, 0, 76)  # as wide as A4 upright, whatever font stands in
    sheet.hide_gridlines(2)
    title = book.add_format({"bold": True, "font_size": 16})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    for line, paragraph in enumerate(_HELP):
        sheet.set_row(line, 30 if line == 0 else 6 + 16 * (1 + len(paragraph) // 37))
        sheet.write_string(line, 0, paragraph, title if line == 0 else text)
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4)
    sheet.fit_to_pages(1, 1)
