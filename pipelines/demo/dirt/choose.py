"""Error injection: choose values at the rates of ``rates.py`` and spoil them."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.demo.dirt.spoilers import SPOILERS
from pipelines.demo.rates import HABIT, RATES, Rate
from pipelines.demo.text import Bools


def spoil(
    texts: pa.Array,
    element: str,
    rng: np.random.Generator,
    *,
    factor: float,
    spreadsheet: bool,
    counts: Counter[tuple[str, str]],
) -> pa.Array:
    """Spoil a column's texts at the element's rates; each in at most one way, and no empty one.

    Args:
        texts: Clean texts of one column.
        element: Data element of the column; one without rates is returned as it is.
        rng: Decides which values and how; the same generator state gives the same dirt.
        factor: How careless the department is; 1 is average.
        spreadsheet: Whether the data went through a spreadsheet.
        counts: Gets the number of changed values by (element, kind).
    """
    chance = np.where(_is_written(texts), rng.random(len(texts)), 1.0)
    low = 0.0
    for kind, rate in RATES.get(element, {}).items():
        share = _share(rate, factor, spreadsheet)
        chosen = np.flatnonzero((low <= chance) & (chance < low + share))
        low += share
        if len(chosen):
            before = texts.take(pa.array(chosen))
            after = pa.array(SPOILERS[element, kind](before.to_pylist(), rng), pa.string())
            changed = np.asarray(pc.not_equal(before, after).to_numpy(zero_copy_only=False))
            counts[element, kind] += int(changed.sum())
            texts = put(texts, chosen, after)
    return texts


def put(texts: pa.Array, rows: np.ndarray, values: pa.Array) -> pa.Array:
    """The texts with those of ``rows`` (ascending) replaced by ``values``."""
    mask = np.zeros(len(texts), bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), values)


def _is_written(texts: pa.Array) -> Bools:
    return np.asarray(pc.not_equal(texts, "").to_numpy(zero_copy_only=False))


def _share(rate: Rate, factor: float, spreadsheet: bool) -> float:
    if rate.spreadsheet and not spreadsheet:
        return 0.0
    return rate.share if rate.share >= HABIT else min(rate.share * factor, HABIT)
