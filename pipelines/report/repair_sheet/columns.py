"""Columns of the repair sheet, for writing it and for reading it when it comes back.

One row per bad row and finding. The same columns stand in the workbook and in the CSV file; a
column is found by its title, so an owner may move or widen columns as he likes.
"""

from typing import Final

ISSUE = "问题编号"  # fingerprint of the issue; matches the row when the sheet comes back
FILE = "文件"
LINE = "行号"
RECORD = "记录编号"
FIELD = "字段"  # the department's own column name
VALUE = "原值"
SEVERITY = "级别"
PROBLEM = "问题"
REPAIR = "怎么改"
CORRECTION = "更正值"  # filled in by the owner
CONFIRMED = "确认无误"  # "是" if the value is right as it stands
NOTE = "说明"  # by the owner: who confirms, and why
QUARANTINED = "是否无法入库"
RULE = "规则"

# What only the system needs stands last, beyond what is printed.
COLUMNS: Final = (
    FILE,
    LINE,
    RECORD,
    FIELD,
    VALUE,
    SEVERITY,
    PROBLEM,
    REPAIR,
    CORRECTION,
    CONFIRMED,
    NOTE,
    QUARANTINED,
    ISSUE,
    RULE,
)
PRINTED: Final = COLUMNS[: COLUMNS.index(QUARANTINED)]
ANSWERS: Final = (CORRECTION, CONFIRMED, NOTE)  # the owner's own; everything else stays as it is

YES: Final = "是"
NO: Final = "否"
WHOLE_ROW: Final = "（整行）"  # FIELD of a finding that concerns no single column
EMPTY: Final = "（空）"  # CORRECTION that says: the right value is none
EMPTY_SPELLINGS: Final = (EMPTY, "(空)", "空")  # as it comes back

# The sheet of patterns: one answer for all rows that have the same wrong value.
PATTERN: Final = (
    "规律编号"  # fingerprint of one of the issues; the value's other issues are found by it
)
PATTERN_ROWS: Final = "共几行"
ALLOWED: Final = "可填的值"
SUGGESTED: Final = "建议更正为"
ACCEPTED: Final = "采纳建议"
CORRECT_ALL: Final = "统一更正为"
NOTE_ALL: Final = "统一说明"
PATTERN_COLUMNS: Final = (
    FIELD,
    VALUE,
    PATTERN_ROWS,
    PROBLEM,
    ALLOWED,
    SUGGESTED,
    ACCEPTED,
    CORRECT_ALL,
    NOTE_ALL,
    PATTERN,
)
PATTERN_ANSWERS: Final = (ACCEPTED, CORRECT_ALL, NOTE_ALL)
PATTERN_SHEET: Final = "批量更正"
SHEET: Final = "问题清单"  # name of the sheet; a second and later one is numbered
HELP_SHEET: Final = "使用说明"
