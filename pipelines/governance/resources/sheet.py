"""The catalogue as the official sheet: one row per information item, the entry's cells merged."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.governance.resources.entry import (
    DATA_TYPES,
    ITEM_TITLES,
    TITLES,
    Entry,
    Item,
    texts_of,
)
from pipelines.governance.tables import height_of

SHEET = "资源目录"
_PARTS = ("类", "项", "目", "细目")
_BEFORE_ITEMS = ("name", "code", "provider", "provider_code", "summary", "format_class", "formats")
_AFTER_ITEMS = tuple(name for name in TITLES if name not in (*_BEFORE_ITEMS, "classification"))
CLASSIFICATION = tuple(f"{TITLES['classification']}-{part}" for part in _PARTS)
COLUMNS = (
    *CLASSIFICATION,
    *(TITLES[name] for name in _BEFORE_ITEMS),
    *ITEM_TITLES.values(),
    *(TITLES[name] for name in _AFTER_ITEMS),
)
_ITEMS_AT = len(_PARTS) + len(_BEFORE_ITEMS)
_WIDTHS = {
    TITLES["summary"]: 44,
    TITLES["name"]: 26,
    TITLES["provider"]: 22,
    TITLES["provider_code"]: 21,
    TITLES["share_condition"]: 26,
    TITLES["related"]: 18,
    ITEM_TITLES["name"]: 30,
    ITEM_TITLES["physical_name"]: 32,
    ITEM_TITLES["standard"]: 18,
}
_WIDTH = 14
_WIDE = [_WIDTHS.get(column, _WIDTH) for column in COLUMNS]
_INTRODUCTION = (
    "编制依据：《政务信息资源目录编制指南（试行）》（发改高技〔2017〕1272号）、《政务数据共享条例》第十三条。"
    "由数据对接约定（报送目录）和基础库声明生成；数据分类分级的级别名称为本系统自定。"
)


def write_sheet(path: Path, title: str, entries: Sequence[Entry]) -> None:
    """Write the sheet; ``title`` stands above it. Prints landscape, the header on every page."""
    import xlsxwriter  # heavy, and only needed here

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(SHEET)
        text = {
            "font_name": "宋体",
            "font_size": 10,
            "text_wrap": True,
            "valign": "vcenter",
            "border": 1,
        }
        cell = book.add_format(text)
        head = book.add_format({**text, "bold": True, "bg_color": "#DCE6F1", "align": "center"})
        big = book.add_format(
            {"font_name": "宋体", "font_size": 16, "bold": True, "align": "center"}
        )
        small = book.add_format({"font_name": "宋体", "font_size": 9, "font_color": "#6B7785"})
        last = len(COLUMNS) - 1
        sheet.merge_range(0, 0, 0, last, title, big)
        sheet.merge_range(1, 0, 1, last, _INTRODUCTION, small)
        sheet.write_row(2, 0, COLUMNS, head)
        for place, width in enumerate(_WIDE):
            sheet.set_column(place, place, width)
        row = 3
        for entry in entries:
            row = _write_entry(sheet, row, entry, cell)
        sheet.freeze_panes(3, len(_PARTS) + 1)
        sheet.set_landscape()
        sheet.set_paper(8)  # A3
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, 2)
        sheet.set_footer("&C第 &P 页，共 &N 页")


def _write_entry(sheet, row: int, entry: Entry, cell: object) -> int:  # type: ignore[no-untyped-def]
    """Write one entry, and return the row after it."""
    texts = dict(zip(TITLES, texts_of(entry).values(), strict=True))
    path = [*entry.classification, *[""] * len(_PARTS)][: len(_PARTS)]
    before = [*path, *(texts[name] for name in _BEFORE_ITEMS)]
    after = [texts[name] for name in _AFTER_ITEMS]
    items: Sequence[Item | None] = entry.items or (None,)
    last = row + len(items) - 1
    for place, value in (
        *enumerate(before),
        *enumerate(after, start=_ITEMS_AT + len(ITEM_TITLES)),
    ):
        if last > row:
            sheet.merge_range(row, place, last, place, value, cell)
        else:
            sheet.write_string(row, place, value, cell)
    after_at = len(COLUMNS) - len(after)
    merged = max(height_of(before, _WIDE[:_ITEMS_AT]), height_of(after, _WIDE[after_at:]))
    for number, item in enumerate(items, start=row):
        needed = height_of(_item_texts(item), _WIDE[_ITEMS_AT:after_at])
        sheet.set_row(number, max(needed, merged / len(items)))
        for place, value in enumerate(_item_texts(item), start=_ITEMS_AT):
            sheet.write_string(number, place, value, cell)
    return last + 1


def _item_texts(item: Item | None) -> Sequence[str]:
    if item is None:
        return [""] * len(ITEM_TITLES)
    kind = f"{DATA_TYPES[item.data_type]}{item.data_type}" if item.data_type in DATA_TYPES else ""
    return [item.name, kind or item.data_type, item.length, item.physical_name, item.standard]
