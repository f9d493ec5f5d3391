"""Positions of the columns in text of fixed width, as a contract writes them.

``positions: {编号: 1-8, 姓名: [9, 28]}``: from the first to the last place, both counted, from 1.
"""

import re
from collections.abc import Mapping
from itertools import pairwise

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.options import Options
from pipelines.contracts.source import Position

_RANGE = re.compile(r"\s*(\d{1,7})\s*[-~—–到至:]\s*(\d{1,7})\s*")
_REMEDY = "Write first and last place of each column, from 1: positions: {编号: 1-8, 姓名: 9-28}."


def read_positions(extra: Options) -> tuple[Position, ...]:
    """The columns by their places; they may leave gaps, and must not overlap."""
    given = extra.values.get("positions")
    where = "servers[0].customProperties.positions"
    if not isinstance(given, Mapping) or not given:
        extra.faults.add(where, given, "Nothing says where the columns are.", _REMEDY)
        return ()
    found = []
    for name, places in given.items():
        position = _position(trimmed(str(name)), places)
        if position is None or not position.name:
            extra.faults.add(f"{where}.{name}", places, "These are no two places.", _REMEDY)
        else:
            found.append(position)
    found.sort(key=lambda position: position.first)
    for before, after in pairwise(found):
        if after.first <= before.last or after.name == before.name:
            problem = f"It overlaps with {before.name}, or has its name."
            extra.faults.add(f"{where}.{after.name}", given[after.name], problem, _REMEDY)
    return tuple(found)


def _position(name: str, places: object) -> Position | None:
    if isinstance(places, str) and (match := _RANGE.fullmatch(places)):
        places = [int(match[1]), int(match[2])]
    if not isinstance(places, list) or len(places) != 2:
        return None
    first, last = places
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in places)
    return Position(name, first, last) if whole and 1 <= first <= last else None
