"""Find the header of a sample: the row that names the columns, by evidence, or none.

A row of data that is taken for a header would be written into a contract, names and numbers of
people with it. So a row is a header only if something speaks for it (a name that departments use,
names as programs give them, columns of numbers under words), and nothing in it looks like data.
"""

import re
import unicodedata
from collections.abc import Sequence

from pipelines.extract.known_names import is_known

FIRST_ROWS = 20  # a title, a date and a unit may stand above the header, hardly more
_DATA = re.compile(
    r"\d{5}|[0-9]{2,4}\s*[-/.年]\s*[0-9]{1,2}\s*[-/.月]|^[-+]?[0-9][0-9.,]*%?$|@|^1[3-9]\d|\*{2}"
)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_NOTHING = frozenset(
    {"无", "不详", "未知", "空", "暂无", "null", "none", "nan", "na", "n/a", "-", "--"}
)
_CONTRASTS = 2  # columns with numbers under a word; one may be a word among numbers


def looks_like_data(text: str) -> bool:
    """Whether a text is a number, a date, an address or a masked value rather than a name."""
    return _DATA.search(unicodedata.normalize("NFKC", text).strip()) is not None


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """Place of the header among the first rows; None where no row is one.

    Args:
        rows: Cells as text; '' where there is nothing.
    """
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows]
    wide = sorted(widths)[len(widths) // 2] if widths else 0
    for place, row in enumerate(rows[:FIRST_ROWS]):
        if widths[place] * 2 > wide and _is_header(row, rows[place + 1 :]):
            return place
    return None


def _is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    cells = [(place, cell.strip()) for place, cell in enumerate(row) if cell.strip()]
    if not cells or any(looks_like_data(cell) for _, cell in cells):
        return False
    others = [each for each in below if list(each) != list(row)]
    if any(cell == _cell(each, place) for each in others for place, cell in cells):
        return False  # what stands below again is a value
    if any(is_known(cell) for _, cell in cells):
        return True
    if all(_IDENTIFIER.fullmatch(cell) for _, cell in cells):
        return len(others) == 0 or not _all_identifiers(others)
    words = [(place, cell) for place, cell in cells if cell.casefold() not in _NOTHING]
    return sum(_holds_data(others, place) for place, _ in words) >= _CONTRASTS


def _all_identifiers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether all rows are of words like those of the row above: names of people in Latin, say."""
    return all(_IDENTIFIER.fullmatch(cell.strip()) for row in rows for cell in row if cell.strip())


def _holds_data(rows: Sequence[Sequence[str]], place: int) -> bool:
    filled = [cell for row in rows if (cell := _cell(row, place))]
    return bool(filled) and sum(map(looks_like_data, filled)) * 2 > len(filled)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""
