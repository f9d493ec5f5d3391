"""Code tables (值域代码): CSV files in ``code_tables/``, one per table, all values text.

``code_tables/README.md`` says where each comes from and under which licence. Read with the standard
library only, because DAG files import this package.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

REGION_SCHEMA = {
    "code": "string",
    "name": "string",
    "level": "string",
    "first_year": "int64",
    "last_year": "int64",
    "current": "string",
}

TABLES_DIR = Path(__file__).with_name("code_tables")

# Tables in which the first characters of a code are a code of their own, one level up: province,
# city, county; section, division, group, class. Other tables have a column ``parent``.
LEVELS: Mapping[str, Sequence[int]] = {"region": (2, 4, 6), "industry": (1, 3, 4, 5)}


@cache
def load_code_table(name: str) -> Mapping[str, Sequence[str]]:
    """The columns of ``code_tables/<name>.csv`` by their header, in file order; '' where empty."""
    with (TABLES_DIR / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return {column: [row[i] for row in rows] for i, column in enumerate(header)}


@cache
def load_regions() -> Mapping[str, Sequence[object]]:
    """The timeline of region codes (GB/T 2260, 1980 to 2026), one entry per code.

    Returns:
        Columns ``code``, ``name`` (the latest), ``level`` (province, city, county, group; and
        ``city_without_counties``, whose code stands where a county's would), ``first_year`` (0 if
        before 1981), ``last_year`` (the year of abolition; 9999 if in force) and ``current``: the
        code itself, or the one in force for the same place, or None.
    """
    table = load_code_table("region")
    columns = zip(table["code"], table["last_year"], table["successor"], strict=True)
    return {
        "code": table["code"],
        "name": table["name"],
        "level": table["level"],
        "first_year": [int(year or 0) for year in table["first_year"]],
        "last_year": [int(year or 9999) for year in table["last_year"]],
        "current": [successor or None if last else code for code, last, successor in columns],
    }


@cache
def provinces() -> Sequence[str]:
    """The first two digits of every province's code; 83 is for permits of Taiwan residents."""
    codes = load_code_table("region")["code"]
    return [code[:2] for code in codes if code.endswith("0000")]


@cache
def load_ancestors(name: str) -> Mapping[str, Sequence[str]]:
    """Codes of a table that are more exact forms of others: code -> what it is a form of.

    Empty for a table without the column ``parent``.
    """
    table = load_code_table(name) if (TABLES_DIR / f"{name}.csv").exists() else {}
    pairs = zip(table.get("code", ()), table.get("parent", ()), strict=False)
    parents = {code: parent for code, parent in pairs if parent}
    ancestors: dict[str, list[str]] = {}
    for code in parents:
        chain = ancestors[code] = []
        parent: str | None = parents[code]
        while parent is not None and parent not in chain:
            chain.append(parent)
            parent = parents.get(parent)
    return ancestors


def is_hierarchical(name: str | None) -> bool:
    """Whether some codes of a table are more exact forms of others."""
    return name is not None and (name in LEVELS or bool(load_ancestors(name)))
