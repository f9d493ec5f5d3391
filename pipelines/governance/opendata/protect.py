"""Disclosure control of counts: small cells, complementary suppression, rounding.

Small groups are left out (k-anonymity, Sweeney 2002: a combination of values that fewer than k
share is not shown), and so is a second cell where one alone could be computed from a total
(complementary suppression, Hundepool et al., Statistical Disclosure Control, 2012, ch. 4). Counts
may be rounded to multiples, so that two editions do not tell how few came between them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from pipelines.errors import BaselibError

Key = tuple[str | None, ...]
MOST_JUDGED = 3_000  # suppressed cells: the matrix of their sums takes seconds
_ZERO = 1e-6


@dataclass
class TooManyCells(BaselibError):
    """A table has more small cells than can be judged together."""

    cells: int

    def __str__(self) -> str:
        return (
            f"{self.cells:,} cells are too small to be shown, more than {MOST_JUDGED:,}. "
            "Generalise a column further, or leave one out."
        )


@dataclass(frozen=True)
class Protected:
    """Cells by key: ``shown`` with their count as published, and what was ``suppressed``."""

    shown: Mapping[Key, int]
    suppressed: Mapping[Key, int]  # true counts: they never leave the process
    exposed: int = 0  # suppressed cells and lines that sums would tell all the same

    @property
    def entities(self) -> int:
        """All that were counted, shown or not; only where nothing was rounded."""
        return sum(self.shown.values()) + sum(self.suppressed.values())


def protect_table(counts: Mapping[Key, int], k: int, round_to: int) -> Protected:
    """Suppress cells below ``k``, and as many more as keep them from being computed.

    A line is all cells that differ in one column alone; whoever knows its sum and the cells that
    are shown knows the sum of the others. So a line with one suppressed cell, or with several that
    are hardly more than one each, gives up its smallest shown cell, too; and so does a line
    through a cell that all sums together determine. What cannot be hidden so is ``exposed``.
    """
    suppressed = {key for key, count in counts.items() if count < k}
    lines = [line for line in _lines(counts) if len(line) > 1]
    while more := _more(counts, k, suppressed, lines):
        suppressed |= more
    return Protected(
        {key: rounded(n, round_to) for key, n in counts.items() if key not in suppressed},
        {key: n for key, n in counts.items() if key in suppressed},
        exposed=len(_weak(counts, k, suppressed, lines)) + len(_determined(suppressed, lines)),
    )


def protect_records(
    counts: Mapping[Key, int], k: int, diverse: tuple[int, int] | None
) -> Protected:
    """Leave out the records of groups below ``k``, or with too few values of a sensitive column.

    Args:
        counts: Records by their generalised values.
        k: The smallest group.
        diverse: Place of the sensitive column in the key and the least number of its values; a
            group is then what agrees in all other columns.
    """
    groups: dict[Key, list[Key]] = defaultdict(list)
    for key in counts:
        groups[_without(key, diverse[0]) if diverse else key].append(key)
    kept: set[Key] = set()
    for members in groups.values():
        is_large = sum(counts[key] for key in members) >= k
        if is_large and (diverse is None or len(members) >= diverse[1]):
            kept |= set(members)
    return Protected(
        {key: n for key, n in counts.items() if key in kept},
        {key: n for key, n in counts.items() if key not in kept},
    )


def rounded(count: int, to: int) -> int:
    """The nearest multiple; halves go up.

    >>> rounded(12, 5), rounded(13, 5), rounded(13, 1)
    (10, 15, 13)
    """
    return (2 * count + to) // (2 * to) * to


def _more(
    counts: Mapping[Key, int], k: int, suppressed: Set[Key], lines: Sequence[Sequence[Key]]
) -> set[Key]:
    """Cells to suppress besides; none where nothing can be computed, or nothing more be hidden."""
    weak = _weak(counts, k, suppressed, lines)
    determined = set() if weak else _determined(suppressed, lines)
    beside = [line for line in lines if determined & set(line)]
    return {key for line in (*weak, *beside) for key in _smallest(counts, line, suppressed)}


def _weak(
    counts: Mapping[Key, int], k: int, suppressed: Set[Key], lines: Sequence[Sequence[Key]]
) -> list[Sequence[Key]]:
    """Lines whose suppressed cells could be bounded below ``k``: each of them is 1 at least."""
    found = []
    for line in lines:
        hidden = [counts[key] for key in line if key in suppressed]
        if hidden and (len(hidden) == 1 or sum(hidden) - len(hidden) < k - 1):
            found.append(line)
    return found


def _determined(suppressed: Set[Key], lines: Sequence[Sequence[Key]]) -> set[Key]:
    """Suppressed cells whose value follows from the sums of all lines (linear algebra, exactly).

    A cell follows where its unit vector lies in the row space of the matrix of lines by cells.

    Raises:
        TooManyCells: more are suppressed than can be judged so.
    """
    cells = sorted(suppressed, key=_order)
    if len(cells) > MOST_JUDGED:
        raise TooManyCells(len(cells))
    place = {key: number for number, key in enumerate(cells)}
    hidden = [[place[key] for key in line if key in place] for line in lines]
    matrix = np.zeros((len(hidden), len(cells)))
    for number, members in enumerate(hidden):
        matrix[number, members] = 1
    _, values, vectors = np.linalg.svd(matrix, full_matrices=False)
    within = (vectors[values > _ZERO] ** 2).sum(axis=0)  # length of each unit vector in the space
    return {key for key, length in zip(cells, within, strict=True) if length > 1 - _ZERO}


def _smallest(counts: Mapping[Key, int], line: Sequence[Key], suppressed: Set[Key]) -> set[Key]:
    shown = [key for key in line if key not in suppressed]
    return {min(shown, key=lambda key: (counts[key], _order(key)))} if shown else set()


def _lines(counts: Mapping[Key, int]) -> Sequence[Sequence[Key]]:
    width = len(next(iter(counts), ()))
    lines: dict[tuple[int, Key], list[Key]] = defaultdict(list)
    for key in counts:
        for place in range(width):
            lines[place, _without(key, place)].append(key)
    return list(lines.values())


def _without(key: Key, place: int) -> Key:
    return key[:place] + key[place + 1 :]


def _order(key: Key) -> tuple[str, ...]:
    return tuple(each or "" for each in key)
