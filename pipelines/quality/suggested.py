"""Suggested corrections of wrong values that several rows share: 再离 → 22 再婚？

A suggestion is a question to whoever owns the data, never taken by itself. It is made only where
one answer is nearer than all others; whoever sees 再离 beside 再婚 and 离婚 decides.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Final

from pipelines.standards.code_tables import TABLES_DIR, load_code_table
from pipelines.standards.elements import load_elements

EMPTY: Final = ""  # the right value is none
_NOTHING = re.compile(
    r"[\s0\-—_/.:*?？无空]*|null|none|nan|n/?a|#n/a|不详|未知|没有|暂无|未填|待补|不明",
    re.IGNORECASE,
)
_WORD = re.compile("[^\u4e00-\u9fff]")
_LEAST: Final = 2  # points, or a name resembles by chance
_MOST_CODES: Final = 100  # in a longer table some name always resembles
_LONGEST: Final = 12  # characters of a value that may be the name of a code


def suggested(value: str, element: str | None, *, required: bool = False) -> str | None:
    """What a wrong value of an element may have been meant for.

    Args:
        value: As it was delivered.
        element: Of its column.
        required: Whether the column must have a value.

    Returns:
        A code of the element's table; ``EMPTY`` for what stands for none; None: no suggestion.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    table = _table_of(element)
    if table and (code := _nearest_code(text, table)):
        return code
    return EMPTY if _NOTHING.fullmatch(text) and not required else None


def name_of_code(code: str, element: str | None) -> str:
    """The name of a code in its table; "" where there is none."""
    table = _table_of(element)
    return dict(_names(table)).get(code, "") if table else ""


def names_of_codes(table: str) -> Mapping[str, str]:
    """The codes of a table with their names; none of a long one, or one without a file."""
    return dict(_names(table))


def _table_of(element: str | None) -> str | None:
    known = load_elements().get(element or "")
    return known.code_table if known else None


def _nearest_code(text: str, table: str) -> str | None:
    """The one code that the text resembles most; None if two resemble it alike."""
    if not text or len(text) > _LONGEST:
        return None
    padded = [
        code for code, _ in _names(table) if text.isdigit() and code == text.ljust(len(code), "0")
    ]
    if len(padded) == 1:
        return padded[0]
    scores = sorted(((_likeness(text, name), code) for code, name in _names(table)), reverse=True)
    if not scores or scores[0][0] < _LEAST or scores[0][0] == (scores[1:] or [(0, "")])[0][0]:
        return None
    return scores[0][1]


def _likeness(text: str, name: str) -> int:
    """Points for common characters: two where they stand in the same place, else one.

    None unless half of the text is in the name; signs and digits are no likeness.
    """
    ours, theirs = _WORD.sub("", text), _WORD.sub("", name)
    common = set(ours) & set(theirs)
    if not ours or 2 * len(common) < len(set(ours)):
        return 0
    return sum(a == b for a, b in zip(ours, theirs, strict=False)) + len(common)


@cache
def _names(table: str) -> list[tuple[str, str]]:
    """Code and name of a table; none of one that is long, or has no file of its own."""
    if not (TABLES_DIR / f"{table}.csv").exists():
        return []
    columns = load_code_table(table)
    if len(columns["code"]) > _MOST_CODES:
        return []
    return list(zip(columns["code"], columns.get("name", ()), strict=False))
