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
    except (DamagedWorkbook, OSError, EOFError) as wrong:
        problem = f"It is no workbook, or is damaged ({type(wrong).__name__})."
    except ReaderCrashed as crash:
        problem = f"Its reader crashed ({crash.how})."
        if crash.by_memory:
            problem = "To read it takes more memory than a reader may use."
    raise WorkbookUnreadable(problem)
