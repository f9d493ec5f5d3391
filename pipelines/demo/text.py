"""Text columns from number columns, vectorised (Arrow and NumPy).

Texts are Arrow arrays of type ``string``; character matrices are NumPy ``uint8`` arrays of shape
(rows, width) that hold ASCII codes.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.uint8]


def join(*parts: pa.Array | str) -> pa.Array:
    """Concatenate the parts row by row; a part may be one text for all rows."""
    return pc.binary_join_element_wise(*parts, "")


def pick(pool: Sequence[str] | pa.Array, index: Ints) -> pa.Array:
    """The text at ``index`` of the pool, for each row."""
    texts = pool if isinstance(pool, pa.Array) else pa.array(pool, pa.string())
    return texts.take(pa.array(index))


def choose(condition: Bools, yes: pa.Array | str, no: pa.Array | str) -> pa.Array:
    """``yes`` where the condition holds, else ``no``."""
    return pc.if_else(pa.array(condition), yes, no)


def blank_unless(condition: Bools, texts: pa.Array) -> pa.Array:
    """The texts where the condition holds, else the empty text."""
    return choose(condition, texts, "")


def number(values: Ints, width: int = 0) -> pa.Array:
    """Decimal digits, padded with zeros to ``width``."""
    texts = pc.cast(pa.array(values), pa.string())
    return pc.utf8_lpad(texts, width, "0") if width else texts


def day_text(days: Ints, form: str = "%Y%m%d") -> pa.Array:
    """Dates given as days since 1970-01-01, written in a ``strftime`` form."""
    return pc.strftime(pa.array(days.astype(np.int32), pa.date32()), format=form)


def to_matrix(texts: pa.Array, width: int) -> Matrix:
    """Character codes of ASCII texts that all have the same width."""
    fixed = pc.cast(pc.cast(texts, pa.binary()), pa.binary(width))
    start = fixed.offset * width
    data = np.frombuffer(fixed.buffers()[1], np.uint8)
    return data[start : start + len(fixed) * width].reshape(len(fixed), width)


def from_matrix(codes: Matrix) -> pa.Array:
    """Texts from a matrix of ASCII codes."""
    rows, width = codes.shape
    flat = np.ascontiguousarray(codes, np.uint8)
    fixed = pa.Array.from_buffers(pa.binary(width), rows, [None, pa.py_buffer(flat)])
    return pc.cast(pc.cast(fixed, pa.binary()), pa.string())


def rank_within(*keys: Ints) -> Ints:
    """Number the rows 0, 1, 2 … within each combination of keys, in row order."""
    order = np.lexsort(tuple(reversed(keys)))  # stable, so ties keep the row order
    starts = np.ones(len(order), bool)
    starts[1:] = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in keys])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - first
    return ranks
