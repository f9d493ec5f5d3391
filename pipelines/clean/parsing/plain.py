"""Parts of plain forms: regular expressions for days and years, and how a list becomes one.

A plain form is one regular expression where it can be: an automaton reads a text once, however many
region codes or years it may begin with, where a list of conditions is planned and asked one by one.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import ibis
import ibis.expr.types as ir

from pipelines.standards.code_tables import load_regions

_Tree = dict[str, "_Tree"]
_PATTERNS = 64  # lists of words, and years of data, times the parsers that ask for them

FOR_EVER = 9999  # last year of a region code that is in force
_31, _30, _28 = "0[1-9]|[12][0-9]|3[01]", "0[1-9]|[12][0-9]|30", "0[1-9]|1[0-9]|2[0-8]"


def month_and_day(separator: str = "") -> str:
    """Month and day of any year. 29 February is left to the parser, which knows leap years."""
    return (
        f"(?:(?:0[13578]|1[02]){separator}(?:{_31})|(?:0[469]|11){separator}(?:{_30})"
        f"|02{separator}(?:{_28}))"
    )


def years(first: int, last: int) -> str:
    """Any year from ``first`` to ``last``; matches nothing if there is none."""
    return one_of(f"{year:04d}" for year in range(first, last + 1))


def one_of(words: Iterable[str]) -> str:
    """Any of the words; matches nothing if there are none."""
    found = sorted(words)
    return f"(?:{alternation(found)})" if found else r"[^\x{0}-\x{10ffff}]"


def alternation(words: Iterable[str]) -> str:
    """A regular expression for any of the words that shares their beginnings, longest first.

    Java tries alternatives one by one, so thousands of them must not stand side by side.
    """
    return _alternation(tuple(words))


@lru_cache(maxsize=_PATTERNS)  # every source with a citizen id asks for some 3,000 region codes
def _alternation(words: Sequence[str]) -> str:
    tree: _Tree = {}
    for word in words:
        node = tree
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return _written(tree)


def _written(node: _Tree) -> str:
    branches = [re.escape(c) + _written(below) for c, below in node.items() if c]
    if not branches:
        return ""
    joined = branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"
    return f"(?:{joined})?" if "" in node else joined


@lru_cache(maxsize=_PATTERNS)
def regions_in_force(year: int, *, counties_only: bool = False) -> str:
    """A six-digit region code that is in force in that year and later.

    Args:
        year: Of the data.
        counties_only: Without provinces and prefectures that have counties.
    """
    table = load_regions()
    columns = zip(table["code"], table["level"], table["last_year"], strict=True)
    return one_of(
        str(code)
        for code, level, last_year in columns
        if int(str(last_year)) > year
        and not (counties_only and str(code).endswith("00") and level != "city_without_counties")
    )


def regions_hold_until(as_of: date) -> date | None:
    """The first later day on which a region code is abolished; None: none is known of."""
    years_ahead = (int(str(year)) for year in load_regions()["last_year"])
    ahead = [year for year in years_ahead if as_of.year < year < FOR_EVER]
    return date(min(ahead), 1, 1) if ahead else None


def abolished_on(last_year: ir.IntegerValue, as_of: date) -> ir.DateValue:
    """The first later day of the data on which a code counts as abolished; NULL for never."""
    ahead = (last_year > as_of.year) & (last_year < FOR_EVER)
    first = (last_year.cast("string") + "-01-01").try_cast("date")
    return ibis.ifelse(ahead, first, ibis.null("date"))
