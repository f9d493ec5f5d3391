"""Citizen numbers: unique, consecutive for twins, given twice, and given anew."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.identity.world.codepoints import (
    Bools,
    Ints,
    Texts,
    join,
    number,
    to_matrix,
    to_texts,
)
from benchmarks.identity.world.rates import PERSON_TRAITS

TODAY = np.datetime64("2026-06-30")
# The sequence codes from 900 on are hardly given out: a made-up number should be nobody's.
_FIRST_SEQUENCE = 900


def unique_numbers(
    origin: Ints,
    birth: NDArray[np.datetime64],
    male: Bools,
    twin_of: Ints,
    rng: np.random.Generator,
) -> Texts:
    """Unique numbers; twins, who are registered together, get consecutive ones."""
    n = len(origin)
    pair = np.where(twin_of >= 0, twin_of, np.arange(n))
    day = birth.astype(np.int64)
    order = np.lexsort((np.arange(n), rng.permutation(n)[pair], male, day, origin))
    key = np.stack([origin[order], day[order], male[order]])
    new = np.concatenate([[True], (np.diff(key, axis=1) != 0).any(axis=0)])
    start = np.maximum.accumulate(np.where(new, np.arange(n), 0))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n) - start
    spread = 2 * ((day * 7919 + origin * 31) % 50)  # else every other number would end in 00
    sequence = _FIRST_SEQUENCE + (spread + 2 * rank + male) % 100
    return citizen_number(origin, birth, sequence)


def day_text(days: NDArray[np.datetime64]) -> Texts:
    """YYYYMMDD."""
    matrix = to_matrix(days.astype("datetime64[D]").astype("U10"), 10)
    return to_texts(matrix[:, [0, 1, 2, 3, 5, 6, 8, 9]])


def citizen_number(origin: Ints, birth: NDArray[np.datetime64], sequence: Ints) -> Texts:
    """18 digits with their check (GB 11643)."""
    first = join(number(origin, 6), day_text(birth), number(sequence, 3))
    return join(first, check_character(first))


def check_character(first17: Texts) -> Texts:
    """ISO 7064 MOD 11-2."""
    digits = to_matrix(first17, 17).astype(np.int64) - ord("0")
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
    return np.array(list("10X98765432"))[(digits @ weights) % 11]


def reissue(
    numbers: Texts,
    birth: NDArray[np.datetime64],
    male: Bools,
    origin: Ints,
    traits: dict[str, Bools],
    rng: np.random.Generator,
) -> tuple[Texts, NDArray[np.datetime64]]:
    """Numbers that two had, and numbers that somebody had before."""
    n = len(numbers)
    former, former_birth = numbers.copy(), birth.copy()
    special = traits["twin"] | traits["namesake"] | traits["unregistered"]
    chosen = rng.permutation(np.flatnonzero(~special))
    pairs = int(PERSON_TRAITS["shared_number"].share * n / 2)
    one, other = chosen[:pairs], chosen[pairs : 2 * pairs]
    cleared = rng.random(pairs) < 0.5
    traits["shared_number"] = np.zeros(n, dtype=bool)
    traits["reissued_number"] = np.zeros(n, dtype=bool)
    still, changed = other[~cleared], other[cleared]
    for group, owner in ((still, one[~cleared]), (changed, one[cleared])):
        male[group], birth[group], former_birth[group] = male[owner], birth[owner], birth[owner]
        former[group] = numbers[owner]
        traits["shared_number"][owner] = traits["shared_number"][group] = True
    numbers[still] = numbers[one[~cleared]]
    numbers[changed] = _other_sequence(numbers[one[cleared]], 7)
    traits["reissued_number"][changed] = True

    count = max(0, int(PERSON_TRAITS["reissued_number"].share * n) - len(changed))
    fresh = chosen[2 * pairs : 2 * pairs + count]
    corrected = fresh[rng.random(count) < 0.6]
    by_hand = np.setdiff1d(fresh, corrected)
    shift = rng.choice([-730, -365, 365, 731, 30, -31], len(corrected)).astype("timedelta64[D]")
    former_birth[corrected] = np.minimum(birth[corrected] + shift, TODAY - np.timedelta64(1, "D"))
    sequence = np.array([int(text) for text in np.strings.slice(numbers[corrected], 14, 17)])
    former[corrected] = citizen_number(origin[corrected], former_birth[corrected], sequence)
    former[by_hand] = _other_sequence(numbers[by_hand], 8)
    traits["reissued_number"][fresh] = True
    return former, former_birth


def _other_sequence(numbers: Texts, digit: int) -> Texts:
    """The number with ``digit`` for the first of the sequence code, so that nobody has it."""
    matrix = to_matrix(numbers, 18)
    matrix[:, 14] = ord(str(digit))
    first = np.ascontiguousarray(matrix[:, :17]).view("U17").reshape(len(matrix))
    return join(first, check_character(first))
