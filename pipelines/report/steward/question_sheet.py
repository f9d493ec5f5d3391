"""The sheet that a steward decides in: one question a row, both records side by side, masked.

Written and read by these functions only. A column is found by its title, so columns may be moved
and widened; what identifies a row is sealed with the site's key, so an altered row is recognised.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.identity.review.decisions import Verdict
from pipelines.identity.review.errors import SheetUnreadable
from pipelines.libraries import Library
from pipelines.report.steward.side_by_side import DIFFERENT, EQUAL, ONE_EDIT, SIDES, shown_columns

QUESTION, KIND, PROBABILITY, RULE = "问题编号", "类型", "模型概率", "依据"
VERDICT, REASON = "结论", "理由"
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
SIDE_ZH = {"left": "甲", "right": "乙"}
SHEET, HELP_SHEET = "待判定", "使用说明"
_COLOURS = {EQUAL: "#E2F0D9", ONE_EDIT: "#FFF2CC", DIFFERENT: "#F8CBAD"}
_SEAL_DIGITS = 24
_HELP = (
    "每行是一个问题：甲、乙两条记录是不是同一个实体。",
    "只填写“结论”（下拉选择）和“理由”两列，其余列不要改动；不判定的行留空。",
    "＝ 一致；≈ 只差一个字符；≠ 不一致；— 只有一方有值。标记按未脱敏的原值得出。",
    "结论为“无法判断”的问题，在记录内容变化之前不再提出。",
    "填好后由管理人员导入：baselib identity import 文件（先预览，加 --apply 写入）。",
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
    records: Mapping[str, str]  # "left", "right" -> source and masked key
    values: Mapping[str, str | None]


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

    titles = _titles(library)
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(SHEET)
        wrapped = {"border": 1, "text_wrap": True}
        head = book.add_format({"bold": True, "bg_color": "#DCE6F1", **wrapped})
        answer = book.add_format({"bg_color": "#FFFFE0", **wrapped})
        marks = {
            mark: book.add_format({"bg_color": colour, "align": "center"})
            for mark, colour in _COLOURS.items()
        }
        for place, (title, width) in enumerate(titles.items()):
            hidden = {"hidden": title in {BASIS, PURPOSE, STRATUM, SEAL}}
            sheet.set_column(place, place, width, None, hidden)
            sheet.write_string(0, place, title, head)
        for line, row in enumerate(rows, 1):
            cells = _cells(row, library, key)
            for place, title in enumerate(titles):
                style = answer if title in {VERDICT, REASON} else marks.get(str(cells[title]))
                sheet.write(line, place, cells[title], style)
        sheet.freeze_panes(1, 2)
        _finish(sheet, list(titles), len(rows))
        _write_help(book)


def read_answers(path: Path) -> list[AnsweredRow]:
    """The rows of a sheet that came back.

    Raises:
        SheetUnreadable: it is no workbook, or lacks a column that ``export`` wrote.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as failed:  # noqa: BLE001 - openpyxl raises whatever the archive provokes
        raise SheetUnreadable(path, f"it cannot be opened ({type(failed).__name__}).") from None
    sheet = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
    lines = sheet.iter_rows(values_only=True)
    titles = [_text(cell) for cell in next(lines, ())]
    if missing := [title for title in NEEDED if title not in titles]:
        raise SheetUnreadable(path, f"the column(s) {', '.join(missing)} are missing.")
    return list(_answered(lines, titles))


def _answered(lines: Iterator[tuple[object, ...]], titles: Sequence[str]) -> Iterator[AnsweredRow]:
    for number, line in enumerate(lines, 2):
        cells = dict(zip(titles, map(_text, line), strict=False))
        if any(cells.values()):
            yield AnsweredRow(number, {**dict.fromkeys(NEEDED, ""), **cells})


def _titles(library: Library) -> dict[str, int]:
    """Titles in order, with widths."""
    titles = {QUESTION: 26, KIND: 7, PROBABILITY: 9, RULE: 26, "甲：记录": 34, "乙：记录": 34}
    titles |= {VERDICT: 12, REASON: 30}
    for column in shown_columns(library):
        titles |= {f"{zh}：{column.title}": 18 for zh in SIDE_ZH.values()}
        titles[f"{column.title}？"] = 5
    return titles | {BASIS: 10, PURPOSE: 10, STRATUM: 10, SEAL: 10}


def _cells(row: SheetRow, library: Library, key: str) -> dict[str, object]:
    sealed = {QUESTION: row.question, PURPOSE: row.purpose, STRATUM: row.stratum, BASIS: row.basis}
    cells: dict[str, object] = {
        **sealed,
        SEAL: seal(key, *(sealed[title] for title in SEALED)),
        KIND: KINDS.get(row.cause, "证据矛盾"),
        PROBABILITY: "" if row.probability is None else round(row.probability, 4),
        RULE: row.rule or "",
        VERDICT: "",
        REASON: "",
    }
    for side, zh in SIDE_ZH.items():
        cells[f"{zh}：记录"] = row.records[side]
    for column in shown_columns(library):
        for side in SIDES:
            cells[f"{SIDE_ZH[side]}：{column.title}"] = row.values[f"{side}_{column.name}"] or ""
        cells[f"{column.title}？"] = row.values[f"mark_{column.name}"] or ""
    return cells


def _finish(sheet: Any, titles: Sequence[str], rows: int) -> None:
    place = titles.index(VERDICT)
    allowed = {
        "validate": "list",
        "source": list(VERDICTS),
        "error_title": "结论",
        "error_message": "请从下拉列表中选择：同一、不同、无法判断。",
    }
    if rows:
        sheet.data_validation(1, place, rows, place, allowed)
    sheet.autofilter(0, 0, max(rows, 1), len(titles) - 1)


def _write_help(book: Any) -> None:
    sheet = book.add_worksheet(HELP_SHEET)
    sheet.set_column(0, 0, 90)
    for line, text in enumerate(_HELP):
        sheet.write_string(line, 0, text)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()
