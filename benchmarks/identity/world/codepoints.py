"""Text as a matrix of code points, so that a million names are miswritten at once.

A row is one text, padded with zeros on the right; a NumPy array of texts (``U<width>``) is the same
memory seen otherwise.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.uint32]
Texts: TypeAlias = NDArray[np.str_]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

_PLANE = 0x30000  # code points that Chinese text uses


def to_matrix(texts: Texts | Sequence[str], width: int) -> Matrix:
    """A copy, one row per text."""
    fixed = np.ascontiguousarray(np.asarray(texts, dtype=f"U{width}"))
    return fixed.view(np.uint32).reshape(len(fixed), width).copy()


def to_texts(matrix: Matrix) -> Texts:
    """The rows as texts."""
    width = matrix.shape[1]
    return np.ascontiguousarray(matrix).view(f"U{width}").reshape(len(matrix))


def lengths(matrix: Matrix) -> Ints:
    """Characters per row."""
    return (matrix != 0).sum(axis=1)


def close_up(matrix: Matrix) -> Matrix:
    """Move the zeros behind the text, after characters were taken out."""
    order = np.argsort(matrix == 0, axis=1, kind="stable")
    return np.take_along_axis(matrix, order, axis=1)


def table_of(groups: Sequence[str], rng: np.random.Generator) -> NDArray[np.uint32]:
    """Per code point, another character of the first group that it is in; 0 where it is in none."""
    found = np.zeros(_PLANE, dtype=np.uint32)
    for group in groups:
        for place, character in enumerate(group):
            if not found[ord(character)]:
                step = 1 + int(rng.integers(max(1, len(group) - 1)))
                other = group[(place + step) % len(group)]
                found[ord(character)] = ord(other) if other != character else 0
    return found


def swap_one(matrix: Matrix, table: NDArray[np.uint32], rng: np.random.Generator) -> Bools:
    """Replace, in each row, one character that the table knows; says which rows had one."""
    others = table[np.minimum(matrix, _PLANE - 1)]
    known = others != 0
    chance = np.where(known, rng.random(matrix.shape), -1.0)
    place = chance.argmax(axis=1)
    rows = np.arange(len(matrix))
    hit = known.any(axis=1)
    matrix[rows[hit], place[hit]] = others[rows[hit], place[hit]]
    return hit


def swap_all(matrix: Matrix, table: NDArray[np.uint32]) -> Bools:
    """Replace every character that the table knows; says which rows had one."""
    others = table[np.minimum(matrix, _PLANE - 1)]
    hit = others != 0
    matrix[hit] = others[hit]
    return hit.any(axis=1)


def replace_places(matrix: Matrix, places: Ints, characters: NDArray[np.uint32]) -> None:
    """One character per row."""
    matrix[np.arange(len(matrix)), places] = characters


def join(*parts: Texts | str) -> Texts:
    """The parts of each row in one text."""
    joined = parts[0]
    for part in parts[1:]:
        joined = np.strings.add(joined, part)
    return np.asarray(joined)


def number(values: Ints, width: int = 0) -> Texts:
    """Decimal digits, filled with zeros on the left."""
    texts = values.astype(f"U{max(width, 19)}" if not width else f"U{max(width, 4)}")
    return np.strings.zfill(texts, width) if width and len(texts) else texts


def where(condition: Bools, yes: Texts | str, no: Texts | str) -> Texts:
    """Text by text, one or the other."""
    return np.where(condition, yes, no)
