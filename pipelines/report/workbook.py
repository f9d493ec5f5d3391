"""The attachment: every bad row and every reason, as an Excel workbook.

Written row by row with constant memory; a sheet that is full is followed by another, so that
nothing is ever cut.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.contracts import Source
from pipelines.report.render import SEVERITY_ZH
from pipelines.standards.rules import load_rules

ROWS_PER_SHEET = 1_000_000  # Excel's limit is 1,048,576
HEADER = (
    ("文件", 28),
    ("行号", 10),
    ("记录编号", 26),
    ("字段", 18),
    ("原值（已脱敏）", 30),
    ("级别", 8),
    ("问题", 44),
    ("怎么改", 54),
    ("是否被隔离", 12),
    ("规则", 24),
)


def write_workbook(
    path: Path,
    batches: Iterable[pa.RecordBatch],
    source: Source,
    rows_per_sheet: int = ROWS_PER_SHEET,
) -> int:
    """Write the bad rows to ``path`` and return how many there were.

    Args:
        path: The ``.xlsx`` file; replaced if it exists.
        batches: Rows shaped as ``bad_rows`` makes them, masked.
        source: The contract, for the department's own column names.
        rows_per_sheet: After so many rows a new sheet begins.
    """
    import xlsxwriter  # heavy, and only needed here

    written = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
        sheet = _new_sheet(book, 1, heading, rows_per_sheet)
        for row in _readable_rows(batches, source):
            if written and written % rows_per_sheet == 0:
                sheet = _new_sheet(book, written // rows_per_sheet + 1, heading, rows_per_sheet)
            sheet.write_row(written % rows_per_sheet + 1, 0, row)
            written += 1
    return written


def _new_sheet(book: Any, number: int, heading: Any, rows: int) -> Any:
    sheet = book.add_worksheet(f"问题清单{number if number > 1 else ''}")
    sheet.freeze_panes(1, 0)
    for position, (title, width) in enumerate(HEADER):
        sheet.set_column(position, position, width)
        sheet.write_string(0, position, title, heading)
    sheet.autofilter(0, 0, rows, len(HEADER) - 1)
    return sheet


def _readable_rows(
    batches: Iterable[pa.RecordBatch], source: Source
) -> Iterator[tuple[object, ...]]:
    rules = load_rules()
    theirs = {column.name: column.physical_name for column in source.columns}
    for batch in batches:
        for row in batch.to_pylist():
            rule = rules[row["rule"]]
            yield (
                row["file"],
                row["line"],
                row["source_key"] or "",
                theirs.get(row["column"], row["column"]) or "（整行）",
                row["value"] or "",
                SEVERITY_ZH[row["severity"]],
                rule.zh,
                rule.repair_zh,
                "是" if row["is_quarantined"] else "否",
                rule.code,
            )
