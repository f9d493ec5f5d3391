"""Names of invented people: surnames by frequency, given names by sex and generation, minorities.

Frequencies are rounded shares of the commonest surnames. Given names come from pools per sex and
generation, so that namesakes are as frequent among the middle-aged as they are in life.
"""

import numpy as np
import pyarrow as pa

from pipelines.demo.text import Bools, Ints, choose, join, pick
from pipelines.demo.world.words import word_list, words

MIDDLE_DOT = "·"

_COMMON = word_list("surnames")
SURNAMES = [entry.rstrip("0123456789.") for entry in _COMMON]
_WEIGHTS = np.array(
    [float(entry[len(name) :]) for entry, name in zip(_COMMON, SURNAMES, strict=True)]
)
SURNAME_SHARES = _WEIGHTS / _WEIGHTS.sum()

RARE: str = words("rare_characters")
_UYGHUR = word_list("minority_names", "uyghur")
_TIBETAN = word_list("minority_names", "tibetan")
_YI_CLANS = word_list("minority_names", "yi_clans")
_YI_GIVEN = word_list("minority_names", "yi_given")
_MONGOL = word_list("minority_names", "mongol")

# Ethnic group code (GB/T 3304) to share of the people; the city is mostly Han.
ETHNIC_SHARES = {
    1: 0.921, 3: 0.02, 11: 0.017, 2: 0.01, 15: 0.008, 6: 0.008, 8: 0.006, 5: 0.004, 4: 0.003,
    7: 0.003,
}  # fmt: skip


def generation(birth_years: Ints) -> Ints:
    """0 before 1965, 1 until 1989, 2 since 1990."""
    return np.searchsorted([1965, 1990], birth_years, side="right")


def given_names(
    rng: np.random.Generator, male: Bools, generations: Ints
) -> tuple[pa.Array, pa.Array]:
    """First character (or the empty text) and last character of Han given names."""
    rows = len(male)
    first, last = np.empty((2, rows), dtype="<U1")
    for era, pools in enumerate(words("given_names")):
        for is_male, (firsts, lasts, alone) in ((True, pools["male"]), (False, pools["female"])):
            here = np.flatnonzero((generations == era) & (male == is_male))
            single = rng.random(len(here)) < pools["single_share"]
            first[here] = np.where(single, "", rng.choice(list(firsts), len(here)))
            second = rng.choice(list(lasts), len(here))
            last[here] = np.where(single, rng.choice(list(alone), len(here)), second)
    return pa.array(first, pa.string()), pa.array(last, pa.string())


def minority_names(rng: np.random.Generator, ethnic: Ints) -> pa.Array:
    """Names of Uyghur, Tibetan, Yi and Mongol people, most of them with a middle dot.

    Rows of other groups get a name of the last kind; the caller overwrites them.
    """
    rows = len(ethnic)

    def two(pool: list[str], other: list[str], between: str) -> pa.Array:
        return join(
            pick(pool, rng.integers(0, len(pool), rows)),
            between,
            pick(other, rng.integers(0, len(other), rows)),
        )

    tibetan = choose(
        rng.random(rows) < 0.3, two(_TIBETAN, _TIBETAN, MIDDLE_DOT), two(_TIBETAN, _TIBETAN, "")
    )
    names = two(_MONGOL, _MONGOL, MIDDLE_DOT)
    names = choose(ethnic == 7, two(_YI_CLANS, _YI_GIVEN, MIDDLE_DOT), names)
    names = choose(ethnic == 4, tibetan, names)
    return choose(ethnic == 5, two(_UYGHUR, _UYGHUR, MIDDLE_DOT), names)
