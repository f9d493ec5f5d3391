"""Remarks on a delivery: what its owner should know and no single row can say, in his language."""

from pipelines.contracts.source import Source

_WORDS = {
    "encoding": (
        "{file}：字符编码与约定的不同，已按实际编码读取（约定 {expected}，实际 {detail}）。",
        "{file}: was agreed to be in {expected}, is in {detail}, and was read as such.",
    ),
    "hidden_rows": (
        "{file}：{count} 行被隐藏或筛选掉，也已读取。",
        "{file}: {count} hidden row(s) were read, too.",
    ),
    "merged_cells": (
        "{file}：合并单元格的值已填入其所覆盖的各行（{count} 处），请取消合并后逐行填写。",
        "{file}: {count} cell(s) took the value of the merged cell above; fill in every row.",
    ),
    "footer_rows": (
        "{file}：从第 {row} 行起的 {count} 行按约定为表尾，不作为记录。",
        "{file}: {count} row(s) from row {row} on are the footer that was agreed, no records.",
    ),
    "other_sheets": (
        "{file}：工作表 {detail} 中有内容但没有约定的列，未读取。",
        "{file}: the sheet(s) {detail} hold rows, but not the agreed columns, and were not read.",
    ),
    "beside": (
        "{file}：不是数据文件（{detail}），未读取。",
        "{file}: is {detail} beside the data, and was not read.",
    ),
    "other_form": (
        "{file}：约定为{expected}，实际是{detail}，已按实际格式读取。",
        "{file}: should be {expected}, is {detail}, and was read as such.",
    ),
    "no_states": (
        "{file}：这种旧格式中的错误值（如 #N/A）无法与空单元格区分，请改用 .xlsx。",
        "{file}: errors in cells (#N/A) cannot be told from empty cells in it; use .xlsx.",
    ),
    "deleted_rows": (
        "{file}：{count} 条记录已标记删除，未读取。",
        "{file}: {count} record(s) are marked as deleted and were not read.",
    ),
    "memos": (
        "{file}：备注型字段的内容在另一文件中，未读取。",
        "{file}: memo fields lie in another file and were not read.",
    ),
    "separator": (
        "{file}：首行 sep= 指明了分隔符，已按此读取。",
        "{file}: its first line names the delimiter (sep=), and it was read so.",
    ),
    "trailing": (
        "{file}：有的行末尾多出或缺少一个空列，已忽略。",
        "{file}: some lines end in one empty field too many or too few; that was ignored.",
    ),
    "more_rows": (
        "{file}：有 {count} 行，比其注明的 {expected} 行多，请核对。",
        "{file}: has {count} rows, more than the {expected} that it speaks of; check them.",
    ),
    "cut_off": (
        "{file}：最后一行不完整，也没有换行符，文件可能没有传完，其后的行缺失；请核对行数，重新报送完整文件。",
        "{file}: ends within a line, so it may have been cut off and rows may be missing; "
        "deliver it again, complete.",
    ),
    "identical_files": (
        "{file}：与 {detail} 内容完全相同，是同一文件的重复报送。",
        "{file}: is identical, byte for byte, with {detail}.",
    ),
    "identical_delivery": (
        "{file}：与批次 {detail} 内容完全相同，没有任何变化。",
        "{file}: says what batch {detail} said; nothing has changed.",
    ),
}


def remark(source: Source, kind: str, file: str, **facts: object) -> str:
    """One remark; ``facts`` are filled in.

    >>> remark(source, "hidden_rows", "a.xlsx", count=3)
    'a.xlsx: 3 hidden row(s) were read, too.'
    """
    zh, en = _WORDS[kind]
    words = en if source.reporting.language == "en" else zh
    return words.format(file=file, **facts)
