"""A workbook that a person sends back, read in a process of its own, as deliveries are.

Repair sheets and sheets of questions are small; what comes under their name need not be.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pipelines.extract.formats.sheets.whole import Sheets
from pipelines.extract.formats.sheets.xlsx import DamagedWorkbook
from pipelines.extract.limits import STANDARD
from pipelines.extract.reader_process import Call, ReaderCrashed, call_apart

NO_WORKBOOK = "文件不是 Excel 工作簿，或已损坏。"
TOO_LARGE = "文件内容过多，所需内存超出限度，无法读取。"
_READ = Call("pipelines.extract.formats.sheets.whole", "whole_sheets", (), STANDARD.reader_memory)


@dataclass
class WorkbookUnreadable(Exception):
    """Why a file cannot be read as a workbook, as a sentence."""

    problem: str


def guarded_sheets(file: Path) -> Sheets:
    """Rows of text of every sheet, by the sheet's name.

    Raises:
        WorkbookUnreadable: it is none, is damaged, or its reader crashed or needs too much memory.
    """
    try:
        return cast(Sheets, call_apart(replace(_READ, arguments=(file,))))
    except (DamagedWorkbook, OSError, EOFError):
        problem = NO_WORKBOOK
    except ReaderCrashed as crash:
        problem = (
            TOO_LARGE if crash.by_memory else f"读取时程序异常中止（{crash.how}），文件可能已损坏。"
        )
    raise WorkbookUnreadable(problem)
