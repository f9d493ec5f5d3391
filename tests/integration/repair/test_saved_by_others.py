"""The sheet of a report comes back in every form that people save it in, and is understood alike.

By openpyxl always; by LibreOffice, which writes a workbook anew as Excel does, where it is there.
"""

from pathlib import Path

import openpyxl
import pytest

from pipelines.flows.owner.repair import import_answers
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.report.content import compose
from pipelines.report.repair_sheet.columns import (
    ACCEPTED,
    CORRECTION,
    PATTERN_SHEET,
    RULE,
    SHEET,
    SUGGESTED,
    VALUE,
    YES,
)
from tests.integration.repair.conftest import BAD, GOOD, MENDED, NO_OFFICE, Department
from tests.integration.repair.conftest import saved_by_office as save

WHO = "示范市公安局 户政科 王某"
# The same wrong code three times; made-up persons, valid numbers.
SHARED = [
    (f"2{at}", number, "李四光", "男士", "1990-03-07")
    for at, number in enumerate(["110101199003071110", "110101199003073554", "110101199003075779"])
]


def place(page, title: str) -> int:
    return [cell.value for cell in page[1]].index(title) + 1


def filled_in(original: Path, to: Path) -> Path:
    """What a clerk types: one correction in its line, one answer for all that share a value."""
    book = openpyxl.load_workbook(original)
    lines, patterns = book[SHEET], book[PATTERN_SHEET]
    for row in lines.iter_rows(min_row=2):
        if row[place(lines, RULE) - 1].value == "CHECK_DIGIT":
            row[place(lines, CORRECTION) - 1].value = MENDED[1]
    assert patterns.cell(2, place(patterns, VALUE)).value == "男士"
    assert patterns.cell(2, place(patterns, SUGGESTED)).value == "1 男性"
    patterns.cell(2, place(patterns, ACCEPTED)).value = YES
    book.save(to)
    return to


@pytest.fixture
def sheet(department: Department, tmp_path: Path) -> Path:
    """Filled in by openpyxl."""
    department.receive("20260601", GOOD, BAD, *SHARED)
    with open_session(department.settings) as session:
        files = compose(session, department.source, "20260601").files
    (book,) = [file.path for file in files if file.path.suffix == ".xlsx"]
    return filled_in(book, tmp_path / "back.xlsx")


def answers_of(department: Department, file: Path):
    result = import_answers(department.settings, [file], WHO)
    changes = sorted(row.change for row in result.rows if row.is_kept)
    return dict(result.counts), changes


def test_one_answer_for_a_pattern_is_expanded_to_its_lines(department, sheet, tmp_path):
    counts, changes = answers_of(department, sheet)
    assert counts == {"accepted": 4}
    assert changes == ["1101*************0 → 1101*************9（差一位）", *["男士 → 1 男性"] * 3]
    # Whoever answers one of the lines otherwise has decided it.
    book = openpyxl.load_workbook(sheet)
    page = book[SHEET]
    lines = [
        row for row in page.iter_rows(min_row=2) if row[place(page, VALUE) - 1].value == "男士"
    ]
    lines[0][place(page, CORRECTION) - 1].value = "9"
    book.save(tmp_path / "decided.xlsx")
    _, changes = answers_of(department, tmp_path / "decided.xlsx")
    assert changes.count("男士 → 1 男性") == 2
    done = import_answers(department.settings, [sheet], WHO, apply=True)
    assert done.counts == {"accepted": 4}
    assert department.query("SELECT count(*) AS n FROM quality.correction") == [{"n": 4}]


@NO_OFFICE
def test_what_libreoffice_saves_says_the_same(department, sheet, tmp_path):
    told = answers_of(department, sheet)
    for form in ("xlsx", "ods", "xls"):
        assert answers_of(department, save(sheet, tmp_path, form)) == told, form
